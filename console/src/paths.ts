/** Addresses of the pages, below `/console`. A repository's name is the rest of the path, slashes and all. */

export const paths = {
  repositories: "/repositories",
  createRepository: "/create-repository",
  editRepository: (name: string) => `/edit-repository/${name}`,
  repository: (name: string, tab?: string) => `/repository/${name}${tab === undefined ? "" : `?tab=${tab}`}`,
  image: (name: string, digest: string) => `/image/${name}?digest=${digest}`,
  layerFiles: (name: string, digest: string, layer: string, folder: string) =>
    `/image/${name}?${new URLSearchParams({ digest, tab: "files", layer, folder })}`,
  registry: "/registry",
  pins: "/pins",
  events: "/events",
  eventsOf: (resource: string) => `/events?attribute=ResourceName&value=${encodeURIComponent(resource)}`,
  users: "/users",
  user: (name: string) => `/user/${encodeURIComponent(name)}`,
  groups: "/groups",
  group: (name: string) => `/group/${encodeURIComponent(name)}`,
  roles: "/roles",
  role: (name: string) => `/role/${encodeURIComponent(name)}`,
  createRole: "/create-role",
  /** A role whose trust policy begins with the tokens of a provider. */
  createRoleFor: (provider: string, audience: string) =>
    `/create-role?${new URLSearchParams({ provider, audience })}`,
  policies: "/policies",
  policy: (arn: string) => `/policy/${arn}`,
  createPolicy: "/create-policy",
  providers: "/identity-providers",
  provider: (arn: string) => `/identity-provider/${arn}`,
  createProvider: "/create-identity-provider",
  sessions: "/sessions",
  storage: "/storage",
  recycleBin: "/recycle-bin",
} as const;
