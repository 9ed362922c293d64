/** A runtime of a few kilobytes, made of a real wheel and a real npm tarball: a module that adds two numbers which it reads from the wheel. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { onTestFinished } from 'vitest';
import { ZipFile } from 'yazl';
import { checkInChild } from '../src/child-check.node.ts';
import type { Recipe } from '../src/install.node.ts';
import type { Pin } from '../src/pin.ts';
import { unpackTarball, unpackWheel } from '../src/unpack.node.ts';

/** Whether this machine has a C compiler. */
export const compiler = spawnSync('cc', ['--version']).status === 0;

/** A new folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'freetickets-runtimes-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** Padding that does not compress: large enough to be cut off in the middle. */
const noise = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let at = 0, state = 1; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
};

async function wheel(path: string): Promise<void> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from('40'), 'tiny_wheel/lib/number.txt');
  zip.addBuffer(noise(300_000), 'tiny_wheel/lib/noise.bin');
  zip.addBuffer(Buffer.from('not wanted'), 'tiny_wheel/doc/readme.txt');
  zip.addBuffer(Buffer.from('Metadata-Version: 2.1\nName: tiny-wheel\nVersion: 1.0\n'), 'tiny_wheel-1.0.dist-info/METADATA');
  zip.addBuffer(Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'), 'tiny_wheel-1.0.dist-info/WHEEL');
  zip.addBuffer(Buffer.from(''), 'tiny_wheel-1.0.dist-info/RECORD');
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

async function tarball(path: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'freetickets-tarball-'));
  await writeFiles(folder, {
    'package/package.json': '{ "name": "@tiny/module", "version": "2.0.0", "main": "index.js" }',
    'package/index.js': "exports.sum = Number(require('node:fs').readFileSync(__dirname + '/../../../lib/number.txt', 'utf8')) + 2;",
    'package/test/test.js': 'not wanted',
  });
  await create({ file: path, cwd: folder, gzip: true }, ['package']);
  await rm(folder, { recursive: true });
}

export interface Tiny {
  /** With both files, as a server or `from` has them. */
  readonly folder: string;
  readonly pins: readonly [wheel: Pin, tarball: Pin];
  /** `about` tells versions of it apart. */
  recipe(over?: Partial<Recipe>): Recipe;
}

export async function tinyRuntime(): Promise<Tiny> {
  const folder = await temporaryFolder();
  const pin = async (about: Pick<Pin, 'from' | 'name' | 'version' | 'file'>): Promise<Pin> => {
    const bytes = await readFile(join(folder, about.file));
    return { ...about, sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
  };
  const files = { wheel: 'tiny_wheel-1.0-py3-none-any.whl', tarball: 'tiny-module-2.0.0.tgz' };
  await wheel(join(folder, files.wheel));
  await tarball(join(folder, files.tarball));
  const pins = [
    await pin({ from: 'pypi', name: 'tiny-wheel', version: '1.0', file: files.wheel }),
    await pin({ from: 'npm', name: '@tiny/module', version: '2.0.0', file: files.tarball }),
  ] as const;
  const recipe = (over: Partial<Recipe> = {}): Recipe => ({
    name: 'tensorflow',
    about: { tiny: '1.0' },
    pins,
    preload: [],
    installedBytes: 400_000,
    building: 'putting two and forty together',
    ready: async () => {},
    async build(to, fileOf) {
      await unpackWheel(fileOf(pins[0]), to, (entry) => /^tiny_wheel\/(lib\/.*)/.exec(entry)?.[1]);
      await unpackTarball(fileOf(pins[1]), join(to, 'node_modules/@tiny/module'), (entry) => !entry.startsWith('test'));
    },
    check: (at) => checkInChild(at, "if (load('@tiny/module').sum !== 42) throw new Error('a wrong sum');"),
    ...over,
  });
  return { folder, pins, recipe };
}
