import { describe, expect, test } from "vitest";
import { pullCommand, subjectOfTags, tellKind } from "./artifacts";

const HEX = "ab".repeat(32);
const IMAGE = { artifactMediaType: "application/vnd.oci.image.config.v1+json" };

describe("what cosign stores by tags", () => {
  test.each([
    ["sig", "Signature"],
    ["att", "Attestation"],
    ["sbom", "SBOM"],
  ])("with the ending %s it is: %s", (ending, kind) => {
    const imageTags = [`sha256-${HEX}.${ending}`];
    expect(tellKind({ ...IMAGE, imageTags })).toBe(kind);
    expect(subjectOfTags(imageTags)).toBe(`sha256:${HEX}`);
  });

  test.each([[undefined], [[]], [["1.0"]], [[`sha256-${HEX}.sig`, "1.0"]], [[`sha256-${HEX}.exe`]]])(
    "%j names no subject",
    (tags) => {
      expect(subjectOfTags(tags)).toBeNull();
    },
  );
});

test.each([
  [IMAGE, "docker pull host/app@sha256:ab"],
  [{}, "docker pull host/app@sha256:ab"],
  [{ artifactMediaType: "application/vnd.cncf.helm.config.v1+json" }, "helm pull oci://host/app@sha256:ab"],
  [{ artifactMediaType: "application/spdx+json" }, "oras pull host/app@sha256:ab"],
])("%j is fetched by %s", (image, command) => {
  expect(pullCommand(image, "host/app@sha256:ab")).toBe(command);
});
