import { describe, expect, test } from "vitest";
import { isThisMachine, pushSteps } from "./push_commands";

describe("push commands", () => {
  test("name the host with its port, and the last part of the name", () => {
    const place = {
      region: "eu-west-1",
      endpoint: "https://ecr.example:8443",
      repositoryUri: "123456789012.dkr.ecr.eu-west-1.example:8443/team/app",
    };
    expect(pushSteps(place, "posix").map((step) => step.command)).toEqual([
      "aws ecr get-login-password --region eu-west-1 --endpoint-url https://ecr.example:8443" +
        " | docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.example:8443",
      "docker build -t app:latest .",
      "docker tag app:latest 123456789012.dkr.ecr.eu-west-1.example:8443/team/app:latest",
      "docker push 123456789012.dkr.ecr.eu-west-1.example:8443/team/app:latest",
    ]);
  });

  test.each(["localhost:5050/a", "127.0.0.1/a", "[::1]:5050/a"])("%s is this machine", (uri) => {
    expect(isThisMachine(uri)).toBe(true);
  });

  test.each(["localhost.example/a", "10.0.0.1:5050/a"])("%s is another one", (uri) => {
    expect(isThisMachine(uri)).toBe(false);
  });
});
