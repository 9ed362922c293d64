/** JPEG and PNG bytes to pixels, by libvips through sharp. Everything that makes two pictures comparable is decided here, once. */
import { SparseError } from '@freetickets/sparse-core';

/** Far above any training picture; keeps a small hostile file from unpacking to gigabytes. */
const MAX_PIXELS = 2 ** 26;
/** Far more than any picture takes, on a busy machine too; ends the work on one that was made to take forever. */
const MOST_SECONDS = 60;

export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** (height, width, channels), interleaved. */
  readonly data: Uint8Array;
}

export interface DecodeOptions {
  /** 3: red, green, blue; a grey picture repeats its value. 1: brightness. */
  readonly channels: 1 | 3;
  /** The shorter side is scaled to fit and the middle is cut out. Absent: as the picture is. */
  readonly size?: readonly [height: number, width: number];
}

/**
 * Pixels as a viewer shows them: turned by their EXIF orientation, converted to sRGB with 8 bits, transparency over white.
 *
 * @param at what to call the picture in messages
 * @throws SparseError BAD_FILE when the bytes are not a whole JPEG or PNG picture
 */
export async function decodePixels(bytes: Uint8Array, at: string, { channels, size }: DecodeOptions): Promise<Pixels> {
  if (!isJpeg(bytes) && !isPng(bytes)) throw new SparseError('BAD_FILE', at, 'a JPEG or PNG picture', describe(bytes));
  // Loaded on first use: sets that hold no pictures work where the native library of sharp is missing.
  const { default: sharp } = await import('sharp');
  const picture = sharp(bytes, { failOn: 'warning', limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .timeout({ seconds: MOST_SECONDS });
  if (size) picture.resize(size[1], size[0], { fit: 'cover' });
  picture.toColourspace(channels === 1 ? 'b-w' : 'srgb');
  try {
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    return { height: info.height, width: info.width, data };
  } catch (cause) {
    throw new SparseError('BAD_FILE', at, 'a picture that decodes', cause, 'Repair or remove it', { cause });
  }
}

const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
const isPng = (bytes: Uint8Array): boolean => [0x89, 0x50, 0x4e, 0x47].every((byte, i) => bytes[i] === byte);

function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  return `bytes that begin with ${Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}
