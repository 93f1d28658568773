/** Addresses of the pages, below `/console`. A repository's name is the rest of the path, slashes and all. */

export const paths = {
  repositories: "/repositories",
  createRepository: "/create-repository",
  editRepository: (name: string) => `/edit-repository/${name}`,
  repository: (name: string, tab?: string) => `/repository/${name}${tab === undefined ? "" : `?tab=${tab}`}`,
  image: (name: string, digest: string) => `/image/${name}?digest=${digest}`,
  registry: "/registry",
  users: "/users",
  user: (name: string) => `/user/${encodeURIComponent(name)}`,
  sessions: "/sessions",
} as const;
