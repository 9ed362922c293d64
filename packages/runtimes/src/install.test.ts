/** Setups against a real server on this machine, with real files: whatever goes wrong, what stood before stands after. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { indexServer } from '../test/index-server.ts';
import { type Tiny, temporaryFolder, tinyRuntime, writeFiles } from '../test/tiny.ts';
import { damage, installation, planSetup, type Recipe } from './install.node.ts';
import { lockFolder } from './lock-folder.node.ts';

async function workplace() {
  const tiny = await tinyRuntime();
  const cache = await temporaryFolder();
  const setup = (recipe: Recipe = tiny.recipe(), from?: string) => planSetup(recipe, { cache, ...(from !== undefined && { from }) });
  const install = async (recipe?: Recipe, from?: string) => (await setup(recipe, from)).run();
  return { tiny, cache, root: join(cache, 'runtimes'), setup, install };
}

/** All files and their content below a folder, except downloads that wait to be gone on with. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const kept = paths.filter((path) => !path.includes('/downloads/'));
  return Object.fromEntries(await Promise.all(kept.map(async (path) => [path, (await readFile(path)).toString('base64')] as const)));
}

const wheelRequests = (requests: readonly string[], { pins }: Tiny) => requests.filter((path) => path.startsWith(`/files/${pins[0].file}`));

describe('a setup', () => {
  it('says what it will do, does it, and keeps only what was wanted', async () => {
    const { tiny, cache, root, setup } = await workplace();
    await indexServer(tiny.folder, tiny.pins);
    const plan = await setup();
    expect(plan).toMatchObject({ upToDate: false, downloads: tiny.pins, downloadBytes: tiny.pins[0].sizeBytes + tiny.pins[1].sizeBytes });
    const progress = new Map<string, number[]>();
    const done = await plan.run({ onProgress: (pin, bytes) => progress.set(pin.name, [...(progress.get(pin.name) ?? []), bytes]) });
    expect(done.folder).toBe(plan.folder);
    expect(Object.keys(done.files)).toEqual([
      'lib/noise.bin',
      'lib/number.txt',
      'node_modules/@tiny/module/index.js',
      'node_modules/@tiny/module/package.json',
    ]);
    expect(done.files['lib/noise.bin']).toBe(300_000);
    for (const pin of tiny.pins) {
      const bytes = progress.get(pin.name)!;
      expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
      expect(bytes.at(-1)).toBe(pin.sizeBytes);
    }
    expect(await readdir(root)).toEqual(expect.arrayContaining(['downloads', 'tensorflow.json']));
    expect(await readdir(join(root, 'downloads'))).toEqual([]);
    expect(await installation('tensorflow', { cache })).toEqual(done);
  });

  it('does nothing the second time', async () => {
    const { tiny, root, setup, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins);
    const first = await install();
    const before = await contentOf(root);
    server.requests.length = 0;
    const again = await setup();
    expect(again).toMatchObject({ upToDate: true, downloads: [], downloadBytes: 0 });
    expect(await again.run()).toEqual(first);
    expect(server.requests).toEqual([]);
    expect(await contentOf(root)).toEqual(before);
  });

  it('mends an installation that was damaged', async () => {
    const { tiny, cache, install } = await workplace();
    await indexServer(tiny.folder, tiny.pins);
    const first = await install();
    const noise = join(first.folder, 'lib/noise.bin');
    await truncate(noise, 10);
    expect(await damage(first)).toBe(`${noise} is another file`);
    await rm(noise);
    expect(await damage(first)).toBe(`${noise} is gone`);
    expect(await install()).toEqual(first);
    expect(await damage((await installation('tensorflow', { cache }))!)).toBeUndefined();
  });

  it('puts another version in place of the one before', async () => {
    const { tiny, root, install } = await workplace();
    await indexServer(tiny.folder, tiny.pins);
    const first = await install();
    const second = await install(tiny.recipe({ about: { tiny: '1.0', cuda: true } }));
    expect(second.folder).not.toBe(first.folder);
    expect((await readdir(root)).sort()).toEqual(['downloads', second.folder.slice(root.length + 1), 'tensorflow.json'].sort());
  });

  it('works alone: a second one at the same time is refused', async () => {
    const { tiny, root, install } = await workplace();
    await indexServer(tiny.folder, tiny.pins);
    await writeFiles(root, { 'here.txt': '' });
    const lock = await lockFolder(root);
    await expect(install()).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await lock![Symbol.asyncDispose]();
    await install();
  });

  it('takes an index in HTML, as many mirrors have', async () => {
    const { tiny, install } = await workplace();
    await indexServer(tiny.folder, tiny.pins, { html: true });
    await install();
  });

  it('tells the name and password in the address of an index to its server, and to nobody else', async () => {
    const { tiny, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins, { password: 'open sesame' });
    const address = (path: string, password: string) => server.url.replace('//', `//user:${password}@`) + path;
    vi.stubEnv('npm_config_registry', address('/npm', 'open%20sesame'));
    vi.stubEnv('PIP_INDEX_URL', address('/simple', 'wrong'));
    const error = await install().catch((reason: Error) => reason.message);
    expect(error).toMatch(/status 401/);
    expect(error).not.toMatch(/wrong/);
    vi.stubEnv('PIP_INDEX_URL', address('/simple', 'open%20sesame'));
    await install();
  });

  it('needs room on the disk before it starts', async () => {
    const { tiny, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins);
    await expect(install(tiny.recipe({ installedBytes: 1e18 }))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(server.requests).toEqual([]);
  });

  it('asks the recipe whether it can be built before it fetches anything', async () => {
    const { tiny, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins);
    const ready = () => Promise.reject(new Error('no compiler'));
    await expect(install(tiny.recipe({ ready }))).rejects.toThrow('no compiler');
    expect(server.requests).toEqual([]);
  });
});

describe('a broken download', () => {
  it('is gone on with in the same run while bytes arrive', async () => {
    const { tiny, setup } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins, { cutAfter: [100_000, 50_000] });
    await (await setup()).run({ onProgress: server.received });
    const path = `/files/${tiny.pins[0].file}`;
    expect(wheelRequests(server.requests, tiny)).toEqual([path, `${path} bytes=100000-`, `${path} bytes=150000-`]);
  });

  it('is gone on with in the next run', async () => {
    const { tiny, root, setup, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins);
    const stop = new AbortController();
    const onProgress = () => stop.abort(); // after the first bytes
    await expect((await setup()).run({ signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    const part = join(root, 'downloads', `${tiny.pins[0].file}.part`);
    const had = (await readFile(part)).length;
    expect(had).toBeGreaterThan(0);
    expect(had).toBeLessThan(tiny.pins[0].sizeBytes);
    server.requests.length = 0;
    await install();
    expect(wheelRequests(server.requests, tiny)).toEqual([`/files/${tiny.pins[0].file} bytes=${had}-`]);
  });

  it('begins anew where the server knows no ranges', async () => {
    const { tiny, setup } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins, { noRanges: true, cutAfter: [100_000] });
    await (await setup()).run({ onProgress: server.received });
    expect(wheelRequests(server.requests, tiny)).toHaveLength(2);
  });

  it('begins anew when the bytes that were left are others', async () => {
    const { tiny, root, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins);
    await writeFiles(join(root, 'downloads'), { [`${tiny.pins[0].file}.part`]: 'not the beginning of a wheel' });
    await install();
    const path = `/files/${tiny.pins[0].file}`;
    expect(wheelRequests(server.requests, tiny)).toEqual([`${path} bytes=28-`, path]);
  });
});

describe('what stood before stands after', () => {
  const bad = Buffer.alloc(100_000, 7);
  const failures: Record<
    string,
    (tiny: Tiny) => { behaviour?: Parameters<typeof indexServer>[2]; recipe?: Partial<Recipe>; code: string }
  > = {
    'a server that is always cut off': () => ({ behaviour: { cutAfter: [0, 0, 0, 0, 0, 0, 0] }, code: 'DOWNLOAD_FAILED' }),
    'a server with an error': () => ({ behaviour: { status: 500 }, code: 'DOWNLOAD_FAILED' }),
    'a wheel of the right size with another checksum': (tiny) => ({
      behaviour: { wheel: Buffer.alloc(tiny.pins[0].sizeBytes, 7) },
      code: 'BAD_FILE',
    }),
    'a wheel that is too short': () => ({ behaviour: { wheel: bad }, code: 'DOWNLOAD_FAILED' }),
    'a wheel that is too long': (tiny) => ({ behaviour: { wheel: Buffer.alloc(tiny.pins[0].sizeBytes + 1, 7) }, code: 'BAD_FILE' }),
    'a build that fails in the middle': (tiny) => ({
      recipe: {
        build: async (folder, fileOf) => {
          await tiny.recipe().build(folder, fileOf);
          throw new Error('the compiler says no');
        },
      },
      code: 'RUNTIME_UNAVAILABLE',
    }),
    'an installation that does not load': () => ({
      recipe: { check: () => Promise.reject(new Error('does not load')) },
      code: 'RUNTIME_UNAVAILABLE',
    }),
  };

  it.each(Object.entries(failures))('after %s, with nothing and with an older version installed', async (_name, failure) => {
    const { tiny, cache, root, install } = await workplace();
    const { behaviour, recipe, code } = failure(tiny);
    const server = await indexServer(tiny.folder, tiny.pins, behaviour);
    const attempt = () => install(tiny.recipe({ about: { tiny: '1.1' }, ...recipe }));
    await expect(attempt()).rejects.toMatchObject({ code });
    expect(await contentOf(root)).toEqual({});
    expect(await installation('tensorflow', { cache })).toBeUndefined();

    const old = await install(tiny.recipe(), tiny.folder);
    const before = await contentOf(root);
    Object.assign(server, behaviour, { cutAfter: behaviour?.cutAfter && [0, 0, 0, 0, 0, 0, 0] });
    await expect(attempt()).rejects.toMatchObject({ code });
    expect(await contentOf(root)).toEqual(before);
    expect(await damage((await installation('tensorflow', { cache }))!)).toBeUndefined();
    await tiny.recipe().check(old.folder);

    // And once the cause is gone, the same command succeeds.
    for (const key of Object.keys(behaviour ?? {})) delete server[key as keyof typeof behaviour];
    expect((await install(tiny.recipe({ about: { tiny: '1.1' } }))).about).toEqual({ tiny: '1.1' });
  });

  it('after a setup that was killed while it built', async () => {
    const { tiny, root, install } = await workplace();
    await indexServer(tiny.folder, tiny.pins);
    await writeFiles(join(root, 'building'), { 'lib/number.txt': '4' });
    const { folder } = await install();
    expect(await readFile(join(folder, 'lib/number.txt'), 'utf8')).toBe('40');
    expect(await readdir(root)).not.toContain('building');
  });

  it('after a setup that was killed between the renaming and the manifest', async () => {
    const { tiny, root, install } = await workplace();
    await indexServer(tiny.folder, tiny.pins);
    const { folder } = await install();
    await rm(join(root, 'tensorflow.json'));
    await writeFile(join(folder, 'lib/stray.txt'), '');
    expect((await install()).files).not.toHaveProperty('lib/stray.txt');
  });
});

describe('without a network', () => {
  it('installs from a folder, which it leaves as it is', async () => {
    const { tiny, setup } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins, { status: 500 });
    const before = await contentOf(tiny.folder);
    const plan = await setup(tiny.recipe(), tiny.folder);
    expect(plan.downloads).toEqual([]);
    await plan.run();
    expect(server.requests).toEqual([]);
    expect(await contentOf(tiny.folder)).toEqual(before);
  });

  it('installs from the folder that fetch has filled elsewhere', async () => {
    const { tiny, setup, install } = await workplace();
    const server = await indexServer(tiny.folder, tiny.pins);
    const folder = await temporaryFolder();
    await (await setup()).fetch(folder);
    expect((await readdir(folder)).sort()).toEqual(tiny.pins.map(({ file }) => file).sort());
    server.status = 500;
    await install(tiny.recipe(), folder);
  });

  it('names the file that the folder lacks, or that is another one', async () => {
    const { tiny, root, install } = await workplace();
    const [wheel, tarball] = tiny.pins;
    const folder = await temporaryFolder();
    await expect(install(tiny.recipe(), folder)).rejects.toMatchObject({ code: 'MISSING_FILE', at: join(folder, wheel.file) });
    await writeFiles(folder, { [wheel.file]: await readFile(join(tiny.folder, wheel.file), 'latin1'), [tarball.file]: 'x' });
    await expect(install(tiny.recipe(), folder)).rejects.toMatchObject({ code: 'BAD_FILE' });
    expect(await contentOf(root)).toEqual({});
  });
});
