/** A tree map: each thing a rectangle of the area that its size has, none longer and thinner than it must be. */

export interface Tile<T> {
  of: T;
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): rows along the shorter side, each with as many
 * things as make its rectangles squarer. What has no size has no tile; the largest comes first.
 */
export function tile<T>(
  things: readonly T[],
  sizeOf: (thing: T) => number,
  width: number,
  height: number,
): Tile<T>[] {
  const sized = things.filter((thing) => sizeOf(thing) > 0);
  sized.sort((one, other) => sizeOf(other) - sizeOf(one));
  const total = sized.reduce((sum, thing) => sum + sizeOf(thing), 0);
  const areas = sized.map((of) => ({ of, area: (sizeOf(of) / total) * width * height }));
  const tiles: Tile<T>[] = [];
  let room = { x: 0, y: 0, width, height };
  let place = 0;
  while (place < areas.length) {
    const side = Math.min(room.width, room.height);
    let end = place + 1;
    while (end < areas.length && worst(areas, place, end + 1, side) <= worst(areas, place, end, side)) {
      end += 1;
    }
    const row = areas.slice(place, end);
    const area = row.reduce((sum, one) => sum + one.area, 0);
    const isColumn = room.width >= room.height;
    const depth = area / side;
    let along = 0;
    for (const one of row) {
      const length = one.area / depth;
      tiles.push(
        isColumn
          ? { of: one.of, x: room.x, y: room.y + along, width: depth, height: length }
          : { of: one.of, x: room.x + along, y: room.y, width: length, height: depth },
      );
      along += length;
    }
    room = isColumn
      ? { x: room.x + depth, y: room.y, width: room.width - depth, height: room.height }
      : { x: room.x, y: room.y + depth, width: room.width, height: room.height - depth };
    place = end;
  }
  return tiles;
}

/** How far from a square the worst rectangle of a row would be. */
function worst(areas: readonly { area: number }[], start: number, end: number, side: number): number {
  let sum = 0;
  let largest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (const { area } of areas.slice(start, end)) {
    sum += area;
    largest = Math.max(largest, area);
    smallest = Math.min(smallest, area);
  }
  return Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
}
