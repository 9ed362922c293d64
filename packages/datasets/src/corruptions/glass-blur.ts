import { type Corruption, fill } from './corruption.ts';
import { gaussian } from './filters.ts';
import { cutToByte, mapPlane, mapPlanes, type Picture } from './picture.ts';

export interface Glass {
  /** Of the blur before and after, in pixels. */
  readonly deviation: number;
  /** How far a pixel may be displaced. */
  readonly reach: number;
  readonly rounds: number;
}

/**
 * Seen through frosted glass: blurred, each pixel displaced by a neighbour's, blurred again. Pixels take turns from the lower right; the
 * neighbour lies at an offset in [-reach, reach) on both axes. Drawn: offsets dx, dy of each turn.
 *
 * Often described as swapping two pixels. The public files were made by an assignment between views of one array, which copies the
 * neighbour and swaps nothing; this does the same.
 */
export const glassBlur: Corruption<Glass, Float64Array> = {
  settings: [
    { deviation: 0.05, reach: 1, rounds: 1 },
    { deviation: 0.25, reach: 1, rounds: 1 },
    { deviation: 0.4, reach: 1, rounds: 1 },
    { deviation: 0.25, reach: 1, rounds: 2 },
    { deviation: 0.4, reach: 1, rounds: 2 },
  ],
  draw(stream, { reach, rounds }, [{ height, width }]) {
    const turns = rounds * (height - 2 * reach) * (width - 2 * reach);
    return fill(2 * turns, () => stream.below(2 * reach) - reach);
  },
  apply(picture, glass, offsets) {
    // Eight bits in between, as published.
    const blurred = mapPlanes(picture, (plane) => mapPlane(gaussian(plane, glass.deviation), cutToByte));
    displace(blurred, glass, offsets);
    return mapPlanes(blurred, (plane) => gaussian(plane, glass.deviation));
  },
};

/** In place. */
function displace(picture: Picture, { reach, rounds }: Glass, offsets: Float64Array): void {
  const { height, width } = picture[0];
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    for (let y = height - reach; y > reach; y--) {
      for (let x = width - reach; x > reach; x--) {
        const [dx, dy] = [offsets[next++]!, offsets[next++]!];
        for (const { values } of picture) values[y * width + x] = values[(y + dy) * width + x + dx]!;
      }
    }
  }
}
