import { SparseError } from '@freetickets/sparse-core';
import type { PictureShape } from './dataset.ts';
import { sharedBytes } from './shared-bytes.ts';

/** What the pictures of one set may take, as RGB. A set is held in memory as a whole, and its cache must be readable in one piece. */
const MAX_BYTES = 2_000_000_000;

export interface PictureBuffer {
  /**
   * Puts a picture, (height, width, 3) interleaved, in its place. The first one decides the size of all.
   * @throws SparseError BAD_FILE when this one has another size, or all of them would not fit in memory
   */
  put(index: number, picture: { readonly height: number; readonly width: number; readonly data: Uint8Array }, at: string): void;
  /** All pictures (count, C, H, W): C is 1 when every pixel put had red = green = blue, else 3. */
  finish(): { readonly shape: PictureShape; readonly images: Uint8Array };
}

/** Collects decoded pictures, whose size and colour nobody knows before the first and the last of them. */
export function pictureBuffer(count: number): PictureBuffer {
  let height = 0;
  let width = 0;
  let first = '';
  let images: Uint8Array = new Uint8Array(0);
  let grey = true;
  return {
    put(index, picture, at) {
      if (first === '') {
        [height, width, first] = [picture.height, picture.width, at];
        images = allocate(count, height, width, at);
      } else if (picture.height !== height || picture.width !== width) {
        const hint = `All pictures must have one size; the option size (for example ${Math.min(height, width)}) makes it so`;
        throw new SparseError('BAD_FILE', at, `${width}x${height} pixels as in ${first}`, `${picture.width}x${picture.height}`, hint);
      }
      grey = toPlanes(picture.data, images, index * 3 * height * width, height * width) && grey;
    },
    finish: () => ({ shape: [grey ? 1 : 3, height, width], images: grey ? firstPlanes(images, count, height * width) : images }),
  };
}

function allocate(count: number, height: number, width: number, at: string): Uint8Array {
  const bytes = count * 3 * height * width;
  if (bytes > MAX_BYTES) {
    throw new SparseError(
      'BAD_FILE',
      at,
      `a set of at most ${MAX_BYTES} bytes decoded`,
      `${count} pictures of ${width}x${height}, ${bytes} bytes`,
      'Make them smaller with the option size, or take fewer with limitPerClass',
    );
  }
  return sharedBytes(bytes);
}

/** (pixels, 3) to (3, pixels). Returns whether the picture is grey. */
function toPlanes(interleaved: Uint8Array, out: Uint8Array, to: number, plane: number): boolean {
  let grey = true;
  for (let i = 0; i < plane; i++) {
    const red = interleaved[3 * i]!;
    const green = interleaved[3 * i + 1]!;
    const blue = interleaved[3 * i + 2]!;
    out[to + i] = red;
    out[to + plane + i] = green;
    out[to + 2 * plane + i] = blue;
    if (red !== green || green !== blue) grey = false;
  }
  return grey;
}

function firstPlanes(images: Uint8Array, count: number, plane: number): Uint8Array {
  const out = sharedBytes(count * plane);
  for (let i = 0; i < count; i++) out.set(images.subarray(i * 3 * plane, i * 3 * plane + plane), i * plane);
  return out;
}
