import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import type { PictureShape } from './dataset.ts';
import { decodePixels } from './picture.node.ts';

export interface DecodePictureOptions {
  /** What the network takes. 1 channel: the picture's brightness; 3: red, green, blue. */
  readonly shape: PictureShape;
  /** Scale the shorter side to fit and cut out the middle, where the picture has another size. Default false: that is an error. */
  readonly resize?: boolean;
}

/**
 * One JPEG or PNG picture for prediction, decoded as `imageFolder` does it.
 *
 * @param picture a path, or the bytes of the file
 * @returns (C, H, W) in [0, 1], not yet normalised
 * @throws SparseError MISSING_FILE; BAD_FILE when it does not decode; SHAPE_MISMATCH for another size without `resize`
 */
export async function decodePicture(picture: string | Uint8Array, { shape, resize = false }: DecodePictureOptions): Promise<Float32Array> {
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) throw new SparseError('SHAPE_MISMATCH', 'shape', '1 or 3 channels for a picture', shape);
  const [at, bytes] =
    typeof picture === 'string' ? [picture, await readFileOrExplain(picture, 'a JPEG or PNG picture')] : ['picture', picture];
  const pixels = await decodePixels(bytes, at, { channels, ...(resize && { size: [height, width] as const }) });
  if (pixels.height !== height || pixels.width !== width) {
    throw new SparseError(
      'SHAPE_MISMATCH',
      at,
      `${width}x${height} pixels`,
      `${pixels.width}x${pixels.height}`,
      'The option resize makes it fit',
    );
  }
  const plane = height * width;
  return Float32Array.from({ length: channels * plane }, (_, i) => pixels.data[(i % plane) * channels + Math.floor(i / plane)]! / 255);
}
