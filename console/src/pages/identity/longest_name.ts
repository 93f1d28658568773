/** How many characters IAM takes in a name. */

export const LONGEST_NAME = { user: 64, group: 128, role: 64, policy: 128 } as const;
