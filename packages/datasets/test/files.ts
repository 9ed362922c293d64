/** Files for tests: temporary folders, pictures of known pixels, IDX files written by hand, and the real sets where they are at hand. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { create } from 'tar';
import { onTestFinished } from 'vitest';

/** Beside the project, in the layouts in which people hold them; undefined where there is none. */
export function realData(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/data/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** A new folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'freetickets-datasets-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export type Files = Readonly<Record<string, Uint8Array | string>>;

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** A tar archive, gzipped when the name says so, with the files in the order given. */
export async function writeArchive(path: string, files: Files, folders: readonly string[] = []): Promise<void> {
  const content = await mkdtemp(join(tmpdir(), 'freetickets-archive-'));
  try {
    await writeFiles(content, files);
    for (const folder of folders) await mkdir(join(content, folder), { recursive: true });
    await create({ file: path, cwd: content, gzip: /gz$/.test(path) }, [...Object.keys(files), ...folders]);
  } finally {
    await rm(content, { recursive: true, force: true });
  }
}

export type Colour = readonly [red: number, green: number, blue: number];

/** A PNG of one colour, or of a colour per pixel. */
export async function png(width: number, height: number, colour: Colour | ((x: number, y: number) => Colour)): Promise<Uint8Array> {
  const at = typeof colour === 'function' ? colour : () => colour;
  const pixels = Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))).flat();
  return sharp(Uint8Array.from(pixels), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** `magic`, dimensions and data of an IDX file, as the format lays them out. */
export function idx(shape: readonly number[], data: readonly number[], magic = 0x0800 + shape.length): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  for (const [i, dimension] of shape.entries()) view.setUint32(4 + 4 * i, dimension);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}
