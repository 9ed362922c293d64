/**
 * The packages as their users get them: packed, checked by publint and arethetypeswrong, installed into an empty project outside the
 * workspace, and used by the examples, compiled by tsc and run by node. Nothing is downloaded: npm installs those whose
 * dependencies can be packed from here; the others are unpacked as npm would, and find their dependencies through links.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { published, root, type WorkspacePackage } from './workspace.ts';

const run = promisify(execFile);
const byNpm = ['sparse-core', 'metrics', 'ensemble', 'dst-trainer', 'engine-sparse'].map((name) => `packages/${name}`);
/** Each is also the first one of a README: packages.test.ts sees to that. */
const examples = readdirSync(join(root, 'docs/examples')).filter((file) => file.endsWith('.ts'));

let folder = '';
const project = () => join(folder, 'project');
const tarball = ({ manifest }: WorkspacePackage) => join(folder, `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`);
const installed = (name: string) => join(project(), 'node_modules', name);

/** The environment without what the pnpm around this test has put there. */
const environment = () => {
  const inherited = Object.entries(process.env).filter(([key]) => !/^p?npm_|^NODE_|^VITEST/i.test(key));
  return { ...Object.fromEntries(inherited), npm_config_cache: join(folder, 'npm-cache'), npm_config_update_notifier: 'false' };
};
const npm = (...args: string[]) => run('npm', args, { cwd: project(), env: environment(), shell: process.platform === 'win32' });

async function packAll(): Promise<void> {
  const args = ['--recursive', 'pack', '--pack-destination', folder];
  const options = { cwd: root, shell: process.platform === 'win32' };
  await run('pnpm', args, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return run('npx', ['--yes', '--prefer-offline', 'pnpm@12', ...args], options); // a machine that has pnpm only through npx
  });
}

const thirdParty = ({ manifest }: WorkspacePackage) =>
  Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter((name) => !name.startsWith('@freetickets/'));
const inWorkspace = (one: WorkspacePackage, dependency: string) => realpathSync(join(one.path, 'node_modules', dependency));

async function link(target: string, name: string): Promise<void> {
  if (existsSync(installed(name))) return;
  await mkdir(dirname(installed(name)), { recursive: true });
  await symlink(target, installed(name), 'junction');
}

async function install(): Promise<void> {
  await mkdir(project());
  await writeFile(join(project(), 'package.json'), '{ "private": true, "type": "module" }\n');
  const light = published.filter((one) => byNpm.includes(one.folder));
  const sources = light.flatMap((one) => thirdParty(one).map((name) => inWorkspace(one, name)));
  for (const source of sources) await npm('pack', source, '--ignore-scripts', '--pack-destination', folder);
  const others = readdirSync(folder).filter((file) => file.endsWith('.tgz') && !file.startsWith('freetickets-'));
  const all = [...light.map(tarball), ...others.map((file) => join(folder, file))];
  await npm('install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...all);
  for (const one of published.filter((other) => !light.includes(other))) {
    await mkdir(installed(one.manifest.name), { recursive: true });
    await extract({ file: tarball(one), cwd: installed(one.manifest.name), strip: 1 });
    for (const name of thirdParty(one)) await link(inWorkspace(one, name), name);
  }
  await link(realpathSync(join(root, 'node_modules/@types/node')), '@types/node');
}

const tsc = (settings: string) => {
  const strict = '--strict --exactOptionalPropertyTypes --skipLibCheck false --target es2022 --lib es2023,esnext.disposable --types node';
  const args = [join(root, 'node_modules/typescript/bin/tsc'), ...strict.split(' '), ...settings.split(' '), ...examples];
  return run(process.execPath, args, { cwd: project() }).catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout)));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packed-'));
  await packAll();
  await install();
  for (const file of examples) await copyFile(join(root, 'docs/examples', file), join(project(), file));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(published)('$folder, packed', (one) => {
  it('pleases publint', async () => {
    const bytes = readFileSync(tarball(one));
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    expect((await publint({ pack: { tarball: data }, strict: true })).messages).toEqual([]);
  });

  it('has types that arethetypeswrong accepts', async () => {
    const attw = join(root, 'test/node_modules/@arethetypeswrong/cli/dist/index.js');
    await run(process.execPath, [attw, tarball(one), '--profile', 'esm-only', '--no-color']);
  });

  it('has a licence and a README, no tests, and asks for no package in the words of the workspace', () => {
    const at = installed(one.manifest.name);
    const files = readdirSync(at, { recursive: true, encoding: 'utf8' });
    expect(['README.md', 'LICENSE', 'package.json'].filter((file) => !files.includes(file))).toEqual([]);
    expect(readFileSync(join(at, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
    expect(files.filter((file) => /\.test\.|\.tsbuildinfo|vitest\.config/.test(file))).toEqual([]);
    expect(readFileSync(join(at, 'package.json'), 'utf8')).not.toMatch(/workspace:|catalog:/);
  });

  it('contains the code, the types and a source map of every source file', () => {
    const [src, dist] = ['src', 'dist'].map((name) => join(installed(one.manifest.name), name)) as [string, string];
    for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
      const built = join(dist, file.slice(0, -'.ts'.length));
      expect(existsSync(`${built}.d.ts`), file).toBe(true);
      for (const map of [`${built}.js.map`, `${built}.d.ts.map`]) {
        const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] };
        expect(sources.map((source) => resolve(dirname(map), source))).toEqual([join(src, file)]);
      }
    }
  });
});

describe('the installed command', () => {
  const commands = published.flatMap(({ manifest }) =>
    Object.entries(manifest.bin ?? {}).map(([name, file]) => [name, manifest.name, file] as const),
  );

  it.each(commands)('%s prints its usage', async (_name, from, file) => {
    const { stdout } = await run(process.execPath, [join(installed(from), file), '--help']);
    expect(stdout).toMatch(/usage/i);
  });
});

describe('docs/examples, in a project outside the workspace', () => {
  it("type-check with a bundler's resolution", async () => {
    await tsc('--noEmit --module esnext --moduleResolution bundler');
  });

  it("compile with Node's resolution, and run", async () => {
    await tsc('--outDir out --module nodenext');
    const env = { ...environment(), TMPDIR: folder, TEMP: folder };
    for (const file of examples) {
      const { stdout } = await run(process.execPath, [join('out', file.replace('.ts', '.js'))], { cwd: project(), env });
      expect(stdout, file).not.toBe('');
    }
  });

  it('run on the WebAssembly kernels, which the package of the engine contains', async () => {
    const env = { ...environment(), SPARSE_KERNELS: 'wasm' };
    const { stdout } = await run(process.execPath, [join('out', 'engine-sparse.js')], { cwd: project(), env });
    expect(stdout).toMatch(/^wasm\/\w+, step 50: loss/);
  });
});
