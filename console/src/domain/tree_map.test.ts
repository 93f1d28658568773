import { expect, test } from "vitest";
import { tile } from "./tree_map";

const itself = (size: number) => size;

test("each thing has the area of its share, and all together fill the room", () => {
  const sizes = [6, 6, 4, 3, 2, 2, 1];
  const tiles = tile(sizes, itself, 6, 4);
  for (const one of tiles) {
    expect(one.width * one.height).toBeCloseTo(one.of);
  }
  expect(tiles.map((one) => one.of)).toEqual(sizes);
});

test("tiles lie in the room and do not overlap", () => {
  const sizes = Array.from({ length: 40 }, (_, place) => (place * 37) % 101);
  const tiles = tile(sizes, itself, 1000, 400);
  for (const [place, one] of tiles.entries()) {
    expect(one.x + one.width).toBeLessThanOrEqual(1000.001);
    expect(one.y + one.height).toBeLessThanOrEqual(400.001);
    for (const other of tiles.slice(place + 1)) {
      const isApart =
        one.x + one.width <= other.x + 0.001 ||
        other.x + other.width <= one.x + 0.001 ||
        one.y + one.height <= other.y + 0.001 ||
        other.y + other.height <= one.y + 0.001;
      expect(isApart).toBe(true);
    }
  }
});

test("what has no size has no tile, and nothing has none", () => {
  expect(tile([0, 0], itself, 10, 10)).toEqual([]);
  expect(tile([], itself, 10, 10)).toEqual([]);
  expect(tile([0, 5], itself, 10, 10)).toEqual([{ of: 5, x: 0, y: 0, width: 10, height: 10 }]);
});
