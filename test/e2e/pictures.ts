import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Two classes of PNG pictures of 8 x 8, bright on the left or on the right; a quarter as many for testing as for training. */
export async function makePictures(
  folder: string,
  { perClass, shade }: { readonly perClass: number; readonly shade: number },
): Promise<void> {
  for (const [part, count] of [
    ['train', perClass],
    ['test', perClass / 4],
  ] as const) {
    for (const [label, name] of ['left', 'right'].entries()) {
      const place = join(folder, part, name);
      mkdirSync(place, { recursive: true });
      for (let i = 0; i < count; i++) {
        const pixels = Uint8Array.from({ length: 64 }, (_, at) => (at % 8 < 4 === (label === 0) ? 200 - i : shade + i));
        await sharp(pixels, { raw: { width: 8, height: 8, channels: 1 } })
          .png()
          .toFile(join(place, `${i}.png`));
      }
    }
  }
}
