import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { png, temporaryFolder, writeArchive, writeFiles } from '../test/files.ts';
import { datasetHash } from './content-hash.node.ts';
import { type ImageFolderOptions, imageFolder } from './image-folder.node.ts';

const [red, blue] = await Promise.all([png(2, 2, [255, 0, 0]), png(2, 2, [0, 0, 255])]);
const files = { 'train/a/1.png': red, 'train/b/1.png': blue, 'test/a/1.png': red, 'test/b/1.png': blue };

/** A set with a cache of its own; `load` says how many pictures were decoded and what was noticed. */
async function workplace(form: 'folder' | 'archive' = 'archive') {
  const place = await temporaryFolder();
  const path = join(place, form === 'archive' ? 'set.tar.gz' : 'set');
  if (form === 'archive') await writeArchive(path, files);
  else await writeFiles(path, files);
  const cache = join(place, 'cache', 'deep');
  const load = async (options: ImageFolderOptions = {}) => {
    let decoded = 0;
    const notices: string[] = [];
    const count = () => {
      decoded++;
    };
    const set = await imageFolder(path, { cache, onProgress: count, onNotice: (sentence) => notices.push(sentence), ...options });
    return { set, decoded, notices };
  };
  const cacheFile = async () => {
    const [name, ...others] = await readdir(cache);
    expect(others).toEqual([]);
    return join(cache, name!);
  };
  return { path, cache, load, cacheFile };
}

describe('the cache of decoded pictures', () => {
  it.each(['folder', 'archive'] as const)('gives back what was decoded from a %s, bit for bit, without decoding', async (form) => {
    const { load } = await workplace(form);
    const first = await load();
    const second = await load();
    expect([first.decoded, second.decoded]).toEqual([4, 0]);
    expect(second.set).toEqual(first.set);
    expect(datasetHash(second.set)).toBe(datasetHash(first.set));
    expect([...first.notices, ...second.notices]).toEqual([]);
  });

  it('decodes again when any byte of the file is flipped, and then mends it', async () => {
    const { load, cacheFile } = await workplace();
    const { set } = await load();
    const path = await cacheFile();
    const good = await readFile(path);
    for (let at = 0; at < good.length; at += 7) {
      const bad = Uint8Array.from(good);
      bad[at]! ^= 0x01;
      await writeFile(path, bad);
      const again = await load();
      expect(again.set).toEqual(set);
      // Padding in the header, spaces, is the one place where a flip is harmless; it cannot be here: 0x21 is no JSON.
      expect({ at, decoded: again.decoded, notices: again.notices.length }).toEqual({ at, decoded: 4, notices: 1 });
      expect(await readFile(path)).toEqual(good);
    }
  });

  it.each([0, 4, 100, -1])('decodes again when the file is cut to %i bytes', async (length) => {
    const { load, cacheFile } = await workplace();
    await load();
    const path = await cacheFile();
    const whole = (await readFile(path)).length;
    await truncate(path, length < 0 ? whole + length : length);
    const again = await load();
    expect(again.decoded).toBe(4);
    expect(again.notices).toEqual([expect.stringMatching(/; decoding again$/)]);
    expect((await load()).decoded).toBe(0);
  });

  it('decodes again when the archive has changed, in place of the old cache', async () => {
    const { path, load, cacheFile } = await workplace();
    await load();
    await writeArchive(path, { ...files, 'train/a/1.png': blue });
    await utimes(path, 1_000_000, 1_000_000);
    const again = await load();
    expect([...again.set.train.images.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
    expect(again.notices).toEqual([expect.stringMatching(/the pictures have changed since they were decoded/)]);
    await cacheFile();
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['added', (path) => writeFiles(path, { 'train/a/2.png': blue })],
    ['removed', (path) => writeFiles(path, { 'train/a/2.png': blue }).then(() => rm(join(path, 'train/a/1.png')))],
    ['touched', (path) => utimes(join(path, 'test/b/1.png'), 1_000_000, 1_000_000)],
  ])('decodes again when a picture of a folder is %s', async (_, change) => {
    const { path, load } = await workplace('folder');
    await load();
    await change(path);
    expect((await load()).notices).toHaveLength(1);
    expect((await load()).decoded).toBe(0);
  });

  it('keeps other options apart', async () => {
    const { load, cache } = await workplace();
    await load();
    expect((await load({ size: 3 })).set.shape).toEqual([3, 3, 3]);
    expect((await load({ limitPerClass: 1 })).decoded).toBe(4);
    expect((await load()).set.shape).toEqual([3, 2, 2]);
    expect(await readdir(cache)).toHaveLength(3);
  });

  it('is left alone with cache: false', async () => {
    const { load, cache } = await workplace();
    await load({ cache: false });
    await expect(readdir(cache)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('notices, but survives, a folder that cannot be written', async () => {
    const { load, path } = await workplace();
    const { set, notices } = await load({ cache: join(path, 'below-a-file') });
    expect(set.train.size).toBe(2);
    expect(notices).toEqual([expect.stringMatching(/^The decoded pictures could not be kept for the next time: /)]);
  });
});
