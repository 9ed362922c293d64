/**
 * A published engine-sparse that carries a prebuilt addon, installed as a user would: no install scripts, no compiler, nothing downloaded.
 * Stands in for a release: the addon is this machine's own build, under the name that a prebuilt one has.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { libraries, root } from './workspace.ts';

const run = promisify(execFile);
const engine = libraries.find(({ folder }) => folder === 'packages/engine-sparse')!;
const own = join(engine.path, 'build', `kernels-${process.platform}-${process.arch}.node`);
const shell = process.platform === 'win32';

let folder = '';
const project = () => join(folder, 'project');
const installed = (...parts: string[]) => join(project(), 'node_modules/@freetickets/engine-sparse', ...parts);

/** The environment without compilers, and without what the package manager around this test has put there. */
function bare(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(p?npm_|NODE_|VITEST|CC$|PATH$|SPARSE_KERNELS$)/i.test(key));
  return { ...Object.fromEntries(inherited), PATH: join(folder, 'empty') };
}

interface Status {
  readonly available: boolean;
  readonly path?: string;
  readonly reason?: string;
}

/** What a new process finds in the installed package; it trains a step with the kernels, if there are any. */
async function status(): Promise<Status> {
  const program = `
    import { nativeEngine, nativeStatus } from '@freetickets/engine-sparse';
    import { initialState, lenet300, network, randomTopology } from '@freetickets/sparse-core';
    const status = nativeStatus();
    if (status.available) {
      const net = network(lenet300({ input: [4], classes: 2 }));
      const state = initialState(net, randomTopology(net, new Map([['fc1.weight', 100]]), 1), 1);
      for (const values of state.values.values()) values.fill(0);
      const session = await nativeEngine().open(net, state, { batchSize: 1, optimizer: { kind: 'sgd' } });
      const { loss } = await session.trainStep({ size: 1, images: new Float32Array(4), labels: new Int32Array(1) }, { learningRate: 0 });
      if (Math.abs(loss - Math.log(2)) > 1e-6) throw new Error('all weights are zero, so both classes are equally likely, but the loss is ' + loss);
    }
    console.log(JSON.stringify(status));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: project(), env: bare() });
  return JSON.parse(stdout) as Status;
}

/** The name under which a release carries the addon of this platform. */
function prebuiltName(): string {
  const { glibcVersionRuntime } = (process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }).header;
  const musl = process.platform === 'linux' && glibcVersionRuntime === undefined ? '-musl' : '';
  return `kernels-${process.platform}-${process.arch}${musl}.node`;
}

/** A copy of the package that npm can pack: it does not know the workspace's words for versions. */
async function packEngine(prebuilt: string): Promise<void> {
  const copy = join(folder, 'engine');
  const skip = ['node_modules', 'build', 'prebuilds', '.turbo'].map((name) => join(engine.path, name));
  cpSync(engine.path, copy, { recursive: true, filter: (path) => !skip.includes(path) });
  const written = readFileSync(join(copy, 'package.json'), 'utf8');
  const manifest = written.replaceAll('"workspace:^"', `"${engine.manifest.version}"`).replaceAll('"catalog:"', '"*"');
  writeFileSync(join(copy, 'package.json'), manifest);
  mkdirSync(join(copy, 'prebuilds'));
  copyFileSync(own, join(copy, 'prebuilds', prebuilt));
}

async function install(): Promise<void> {
  const env = { ...bare(), PATH: process.env.PATH, npm_config_cache: join(folder, 'npm-cache'), npm_config_update_notifier: 'false' };
  const npm = (...args: string[]) => run('npm', args, { cwd: project(), env, shell });
  const headers = realpathSync(join(engine.path, 'node_modules/node-api-headers'));
  const packed: string[] = [];
  for (const source of [join(root, 'packages/sparse-core'), join(folder, 'engine'), headers]) {
    const { stdout } = await npm('pack', source, '--ignore-scripts', '--pack-destination', folder);
    packed.push(join(folder, stdout.trim().split('\n').at(-1)!));
  }
  await npm('install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...packed);
}

describe.skipIf(!existsSync(own))('engine-sparse with a prebuilt addon, installed without a compiler', () => {
  let prebuilt = '';
  let local = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'prebuilt-'));
    for (const name of ['project', 'empty']) mkdirSync(join(folder, name));
    writeFileSync(join(project(), 'package.json'), '{ "private": true, "type": "module" }\n');
    const name = prebuiltName();
    await packEngine(name);
    await install();
    prebuilt = installed('prebuilds', name);
    local = installed('build', `kernels-${process.platform}-${process.arch}.node`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => {
    copyFileSync(own, prebuilt);
    rmSync(installed('build'), { recursive: true, force: true });
    rmSync(installed('c/more.h'), { force: true });
  });

  const buildLocally = () => {
    mkdirSync(installed('build'), { recursive: true });
    copyFileSync(own, local);
  };

  it('trains with it', async () => {
    expect(existsSync(installed('build'))).toBe(false);
    expect(await status()).toMatchObject({ available: true, path: realpathSync(prebuilt) });
  });

  it('takes it before one that was built on the machine', async () => {
    buildLocally();
    expect((await status()).path).toBe(realpathSync(prebuilt));
  });

  it('without it, takes the one that was built on the machine', async () => {
    rmSync(prebuilt);
    buildLocally();
    const found = await status();
    expect(found.path).toBe(realpathSync(local));
    expect(found.reason).toBeUndefined();
  });

  it('one that does not load gives way to the one that was built on the machine, and the reason is kept', async () => {
    writeFileSync(prebuilt, 'no shared library');
    buildLocally();
    const found = await status();
    expect(found.path).toBe(realpathSync(local));
    expect(found.reason).toContain(`${realpathSync(prebuilt)} does not load: `);
  });

  it('one of other sources gives way too, so that changed kernels are the ones that run', async () => {
    writeFileSync(installed('c/more.h'), '\n');
    buildLocally();
    const found = await status();
    expect(found.path).toBe(realpathSync(local));
    expect(found.reason).toBe(`${realpathSync(prebuilt)} was built from other sources`);
  });

  it('when none loads, every reason is said, then what would help', async () => {
    buildLocally();
    writeFileSync(prebuilt, 'no shared library');
    writeFileSync(local, 'no shared library');
    const { available, reason } = await status();
    expect(available).toBe(false);
    expect(reason).toMatch(/prebuilds.*does not load: .*; .*build.*does not load: .* \(to build them, delete .*build-native\.mjs\)$/);
  });

  it('when there is none at all, says so', async () => {
    rmSync(prebuilt);
    const { available, reason } = await status();
    expect(available).toBe(false);
    expect(reason).toMatch(/^there are no prebuilt kernels for \S+, and none were built here \(to build them, have a C compiler/);
  });
});
