/** What to type to push an image: ECR's own four steps, with the host that this registry has. */

export interface Place {
  region: string;
  /** Where the API is, `http://localhost:5050`. */
  endpoint: string;
  /** As the API gives it: host, slash, name. */
  repositoryUri: string;
}

export type System = "posix" | "windows";

export interface Step {
  id: "login" | "build" | "tag" | "push";
  command: string;
}

export function pushSteps(place: Place, system: System, tag = "latest"): Step[] {
  const { host, name } = split(place.repositoryUri);
  const image = `${name.split("/").at(-1)}:${tag}`;
  return [
    { id: "login", command: loginCommand({ ...place, host }, system) },
    { id: "build", command: `docker build -t ${image} .` },
    { id: "tag", command: `docker tag ${image} ${place.repositoryUri}:${tag}` },
    { id: "push", command: `docker push ${place.repositoryUri}:${tag}` },
  ];
}

export function loginCommand(
  place: { region: string; endpoint: string; host: string },
  system: System,
): string {
  const login = `docker login --username AWS --password-stdin ${place.host}`;
  if (system === "windows") {
    const password = `(Get-ECRLoginCommand -Region ${place.region} -EndpointUrl ${place.endpoint}).Password`;
    return `${password} | ${login}`;
  }
  const password = `aws ecr get-login-password --region ${place.region} --endpoint-url ${place.endpoint}`;
  return `${password} | ${login}`;
}

export function createCommand(place: { region: string; endpoint: string }, name: string): string {
  return `aws ecr create-repository --repository-name ${name} --region ${place.region} --endpoint-url ${place.endpoint}`;
}

/** Whether docker, where its daemon runs in a virtual machine, finds another machine under this host. */
export function isThisMachine(repositoryUri: string): boolean {
  const { host } = split(repositoryUri);
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

function split(repositoryUri: string): { host: string; name: string } {
  const slash = repositoryUri.indexOf("/");
  return { host: repositoryUri.slice(0, slash), name: repositoryUri.slice(slash + 1) };
}
