import { expect, test } from "vitest";
import type { Descriptor } from "./manifest";
import { sharingImages } from "./sharing";

function layer(digest: string, size: number): Descriptor {
  return { mediaType: "", digest, size, platform: null, annotations: [] };
}

test("images are told with all that they share, most first, and without the config", () => {
  const small = { repositoryName: "b", imageDigest: "2", imageTags: ["x"] };
  const large = { repositoryName: "a", imageDigest: "1" };
  const found = sharingImages(
    [layer("base", 100), layer("app", 10)],
    [
      { layerDigest: "app", images: [small, large] },
      { layerDigest: "base", images: [large] },
      { layerDigest: "config", images: [small] },
    ],
  );
  expect(found).toEqual([
    { repositoryName: "a", imageDigest: "1", imageTags: [], layers: new Set(["app", "base"]), bytes: 110 },
    { repositoryName: "b", imageDigest: "2", imageTags: ["x"], layers: new Set(["app"]), bytes: 10 },
  ]);
});
