import { describe, expect, test } from "vitest";
import { imageTree } from "./image_tree";

describe("images below others", () => {
  test("parts of an index stand below it, unless they have tags", () => {
    const images = [
      { imageDigest: "index" },
      { imageDigest: "part" },
      { imageDigest: "tagged", imageTags: ["1"] },
    ];
    const { roots, below } = imageTree(images, new Map([["index", ["part", "tagged", "absent"]]]));
    expect(roots.map((image) => image.imageDigest)).toEqual(["index", "tagged"]);
    expect(below.get("index")?.map((image) => image.imageDigest)).toEqual(["part"]);
  });

  test("referrers stand below a subject that is there", () => {
    const images = [
      { imageDigest: "image" },
      { imageDigest: "signature", subjectManifestDigest: "image" },
      { imageDigest: "orphan", subjectManifestDigest: "gone" },
    ];
    const { roots, below } = imageTree(images, new Map());
    expect(roots.map((image) => image.imageDigest)).toEqual(["image", "orphan"]);
    expect(below.get("image")).toHaveLength(1);
  });

  test("attack 15 and 16: what names itself or each other is shown all the same", () => {
    const images = [
      { imageDigest: "self", subjectManifestDigest: "self" },
      { imageDigest: "one", subjectManifestDigest: "other" },
      { imageDigest: "other", subjectManifestDigest: "one" },
    ];
    expect(imageTree(images, new Map([["self", ["self"]]])).roots).toHaveLength(3);
  });

  test("100,000 images are put in order at once", () => {
    const images = Array.from({ length: 100_000 }, (_, number) => ({
      imageDigest: String(number),
      subjectManifestDigest: String(number - (number % 10)),
    }));
    expect(imageTree(images, new Map()).below.size).toBe(10_000);
  });
});
