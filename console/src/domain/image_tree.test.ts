import { describe, expect, test } from "vitest";
import { imagesOf, imageTree, rowIdOf, rowsBelow } from "./image_tree";

describe("images below others", () => {
  test("parts of an index stand below it, and for themselves too where they have tags", () => {
    const images = [
      { imageDigest: "index" },
      { imageDigest: "part" },
      { imageDigest: "tagged", imageTags: ["1"] },
    ];
    const tree = imageTree(images, new Map([["index", ["part", "tagged", "absent"]]]));
    expect(tree.roots.map(rowIdOf)).toEqual(["index", "tagged"]);
    const parts = rowsBelow(tree, { imageDigest: "index" });
    expect(parts.map(rowIdOf).sort()).toEqual(["index/tagged", "part"]);
    expect(parts.flatMap((row) => rowsBelow(tree, row))).toEqual([]);
    expect(imagesOf([...tree.roots, ...parts])).toHaveLength(3);
  });

  test("what cosign tags for an image stands below that image", () => {
    const hex = "ab".repeat(32);
    const images = [{ imageDigest: `sha256:${hex}` }, { imageDigest: "s", imageTags: [`sha256-${hex}.sig`] }];
    expect(imageTree(images, new Map()).roots).toHaveLength(1);
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
