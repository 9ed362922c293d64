import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { png, temporaryFolder } from '../test/files.ts';
import { decodePicture } from './decode-picture.node.ts';

const shape3 = [3, 2, 2] as const;
const pixels = await png(2, 2, (x, y) => [51, 255 * x, 102 * y]);

describe('decodePicture', () => {
  it('gives (C, H, W) in [0, 1], from bytes and from a path', async () => {
    const path = join(await temporaryFolder(), 'picture.png');
    await writeFile(path, pixels);
    const expected = [0.2, 0.2, 0.2, 0.2, 0, 1, 0, 1, 0, 0, 0.4, 0.4].map(Math.fround);
    expect([...(await decodePicture(pixels, { shape: shape3 }))]).toEqual(expected);
    expect([...(await decodePicture(path, { shape: shape3 }))]).toEqual(expected);
  });

  it('makes colours grey for one channel: black, white and grey keep their value, green is brighter than blue', async () => {
    const colours = [
      [0, 0, 0],
      [255, 255, 255],
      [102, 102, 102],
      [0, 255, 0],
      [0, 0, 255],
    ] as const;
    const grey = await decodePicture(await png(5, 1, (x) => colours[x]!), { shape: [1, 1, 5] });
    expect([...grey.subarray(0, 3)]).toEqual([0, 1, 0.4].map(Math.fround));
    expect(grey[3]).toBeGreaterThan(grey[4]!);
    expect(grey[4]).toBeGreaterThan(0);
  });

  it('repeats a grey picture for three channels', async () => {
    const bytes = await sharp(Uint8Array.from([0, 51, 102, 255]), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const one = [0, 0.2, 0.4, 1].map(Math.fround);
    expect([...(await decodePicture(bytes, { shape: shape3 }))]).toEqual([...one, ...one, ...one]);
  });

  it('puts transparent pictures on white', async () => {
    const bytes = await sharp(Uint8Array.from([0, 0, 0, 255, 0, 0, 0, 0]), { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect([...(await decodePicture(bytes, { shape: [1, 1, 2] }))]).toEqual([0, 1]);
  });

  it('brings 16 bits to 8', async () => {
    const bytes = await sharp(Uint8Array.from([51, 204]), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    expect([...(await decodePicture(bytes, { shape: [1, 1, 2] }))]).toEqual([0.2, 0.8].map(Math.fround));
  });

  it('turns a picture as its EXIF orientation says', async () => {
    const bytes = await sharp(await png(2, 1, (x) => (x === 0 ? [255, 255, 255] : [0, 0, 0])))
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    // Orientation 6: to be turned clockwise by 90 degrees, so the left pixel comes to the top.
    expect([...(await decodePicture(bytes, { shape: [1, 2, 1] }))]).toEqual([1, 0]);
  });

  it('resizes only when asked', async () => {
    const large = await png(8, 4, [51, 51, 51]);
    await expect(decodePicture(large, { shape: [1, 2, 2] })).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
      message: 'picture: expected 2x2 pixels, received "8x4". The option resize makes it fit',
    });
    expect([...(await decodePicture(large, { shape: [1, 2, 2], resize: true }))]).toEqual([0.2, 0.2, 0.2, 0.2].map(Math.fround));
  });

  it('refuses what is no picture, what is missing, and shapes that no picture has', async () => {
    await expect(decodePicture(new TextEncoder().encode('text'), { shape: shape3 })).rejects.toMatchObject({
      code: 'BAD_FILE',
      at: 'picture',
    });
    await expect(decodePicture(new Uint8Array(), { shape: shape3 })).rejects.toThrow('received "an empty file"');
    await expect(decodePicture('/no/such.png', { shape: shape3 })).rejects.toMatchObject({ code: 'MISSING_FILE', at: '/no/such.png' });
    await expect(decodePicture(pixels.subarray(0, 60), { shape: shape3 })).rejects.toMatchObject({ code: 'BAD_FILE' });
    await expect(decodePicture(pixels, { shape: [2, 2, 2] })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH', at: 'shape' });
  });
});
