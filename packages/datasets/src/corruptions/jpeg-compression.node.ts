import { type Corruption, drawNothing } from './corruption.ts';
import { clip, mapPlanes, newPlane } from './picture.ts';

/** Written as JPEG, with colour at half resolution, and read back, by libvips through sharp. Setting: the quality. */
export const jpegCompression: Corruption<number, undefined> = {
  settings: [80, 65, 58, 50, 40],
  draw: drawNothing,
  async apply(picture, quality) {
    const [{ height, width, values }] = picture;
    const bytes = Uint8Array.from({ length: 3 * values.length }, (_, i) =>
      Math.round(255 * clip(picture[i % 3]!.values[Math.floor(i / 3)]!)),
    );
    // Loaded on first use: the other corruptions work where the native library of sharp is missing.
    const { default: sharp } = await import('sharp');
    const file = await sharp(bytes, { raw: { height, width, channels: 3 } })
      .jpeg({ quality, chromaSubsampling: '4:2:0' })
      .toBuffer();
    const decoded = await sharp(file).toColourspace('srgb').raw().toBuffer();
    return mapPlanes(picture, (_, channel) =>
      newPlane(
        height,
        width,
        Float64Array.from({ length: values.length }, (_, at) => decoded[3 * at + channel]! / 255),
      ),
    );
  },
};
