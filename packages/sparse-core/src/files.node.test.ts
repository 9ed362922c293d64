import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { erk } from './distribution.ts';
import { SparseError } from './errors.ts';
import { explainWriteError, loadTicket, makeFolder, readFileOrExplain, saveTicket, writeFileAtomic } from './files.node.ts';
import { lenet300 } from './models/multilayer.ts';
import { network } from './network.ts';
import { initialState } from './state.ts';
import { randomTopology } from './topology.ts';

const isRoot = process.getuid?.() === 0;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sparse-core-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeFileAtomic', () => {
  it('writes bytes and text, replaces what was there and leaves nothing else', async () => {
    const path = join(folder, 'a.bin');
    await writeFileAtomic(path, 'käse');
    expect(await readFile(path, 'utf8')).toBe('käse');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(['a.bin']);
  });

  it('keeps one whole content when many write at once', async () => {
    const path = join(folder, 'a.txt');
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('names a folder that is not there', async () => {
    const path = join(folder, 'no', 'a.bin');
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
      code: 'MISSING_FILE',
      at: path,
      message: expect.stringContaining('no such folder'),
    });
  });

  it('refuses to replace a folder and removes its temporary file', async () => {
    const path = join(folder, 'inner');
    await mkdir(path);
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', at: path });
    expect(await readdir(folder)).toEqual(['inner']);
  });

  it('refuses a path through a file', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(writeFileAtomic(join(folder, 'file', 'a'), 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.skipIf(isRoot || process.platform === 'win32')('says that it may not write', async () => {
    await chmod(folder, 0o500);
    await expect(writeFileAtomic(join(folder, 'a'), 'x')).rejects.toThrow(/permission to write in the folder/);
    await chmod(folder, 0o700);
  });

  it.skipIf(!existsSync('/dev/full'))('turns the error of a full disk into DISK_FULL with path and size', async () => {
    const full = await open('/dev/full', 'w');
    const error: unknown = await full.writeFile('x').catch((reason: unknown) => reason);
    await full.close();
    expect(explainWriteError(error, 'runs/a.safetensors', 4096)).toMatchObject({
      code: 'DISK_FULL',
      at: 'runs/a.safetensors',
      message: expect.stringContaining('4096 bytes of free disk space'),
    });
  });

  it.each([
    ['EIO', 'DISK_FAILED'],
    ['EMFILE', 'INVALID_ARGUMENT'],
  ])('explains an error of another kind with its own words: %s', (errno, code) => {
    const error = Object.assign(new Error(`${errno}: some words, write`), { code: errno });
    expect(explainWriteError(error, 'a', 1)).toMatchObject({ code, message: expect.stringContaining(`${errno}: some words`) });
  });

  it('leaves the old content and nothing else when it is not permitted after all', async () => {
    const path = join(folder, 'a.txt');
    await writeFileAtomic(path, 'old');
    const permit = () => Promise.reject(new SparseError('ALREADY_EXISTS', path, 'one writer', new Error('two')));
    await expect(writeFileAtomic(path, 'new', { permit })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.txt']);
    await expect(writeFileAtomic(join(folder, 'gone', 'a.txt'), 'new', { permit })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  });
});

describe('makeFolder', () => {
  it('makes what is missing, says where that begins, and leaves what is there', async () => {
    expect(await makeFolder(join(folder, 'a', 'b'))).toBe(join(folder, 'a'));
    expect(await makeFolder(join(folder, 'a', 'b'))).toBeUndefined();
    await writeFile(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file', 'c'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('readFileOrExplain', () => {
  it.skipIf(process.platform === 'win32')('refuses a pipe, which nobody may ever write to, and a device that never ends', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [join(folder, 'pipe'), '/dev/zero'])
      await expect(readFileOrExplain(path, 'a letter')).rejects.toThrow(`${path}: expected a letter, received "no ordinary file"`);
  });

  it('refuses a file above the limit and reads one at it', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'abc');
    expect(await readFileOrExplain(path, 'a letter', 3)).toHaveLength(3);
    await expect(readFileOrExplain(path, 'a letter', 2)).rejects.toThrow(
      `${path}: expected a letter of at most 2 bytes, received "3 bytes"`,
    );
  });

  it('reads', async () => {
    await writeFile(join(folder, 'a'), 'abc');
    expect([...(await readFileOrExplain(join(folder, 'a'), 'a letter'))]).toEqual([97, 98, 99]);
  });

  it('says what is missing', async () => {
    const path = join(folder, 'a');
    await expect(readFileOrExplain(path, 'a checkpoint')).rejects.toThrow(`${path}: expected a checkpoint, received "no such file"`);
    await expect(readFileOrExplain(path, 'a checkpoint')).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });

  it('says that it found a folder', async () => {
    await expect(readFileOrExplain(folder, 'a checkpoint')).rejects.toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringContaining('a folder'),
    });
  });
});

describe('saveTicket and loadTicket', () => {
  it('keep a ticket', async () => {
    const net = network(lenet300());
    const state = initialState(net, randomTopology(net, erk()(net, 0.95), 2), 2);
    const path = join(folder, 'ticket.safetensors');
    await saveTicket(path, state, { metrics: { accuracy: 0.5 } });
    const { state: read, info } = await loadTicket(path);
    expect(read).toStrictEqual(state);
    expect(info.metrics).toEqual({ accuracy: 0.5 });
  });

  it('name the file that is not a ticket', async () => {
    const path = join(folder, 'notes.txt');
    await writeFile(path, 'these are only some notes of mine');
    await expect(loadTicket(path)).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringContaining(path) });
    await expect(loadTicket(join(folder, 'none'))).rejects.toThrow(/expected a ticket file, received "no such file"/);
  });
});
