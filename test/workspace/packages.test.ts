/** Every published package is made alike, and depends only on what docs/architecture.md lets it know. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstExample, libraries, type Manifest, published, root } from './workspace.ts';

const everything = (manifest: Manifest): Record<string, string> => ({
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.peerDependencies,
  ...manifest.optionalDependencies,
});
const ours = (names: Readonly<Record<string, string>>): string[] => Object.keys(names).filter((name) => name.startsWith('@freetickets/'));

/** Whom a package may know, for tests and tools too. */
function mayKnow(folder: string): string[] {
  if (folder === 'packages/sparse-core') return [];
  if (folder.startsWith('packages/')) return ['@freetickets/sparse-core'];
  return published.map(({ manifest }) => manifest.name).filter((name) => name !== '@freetickets/cli'); // apps; nobody knows the command
}

describe.each(published)('$folder', (one) => {
  const { folder, path, manifest } = one;

  it('says what it is, under which licence, where it comes from and where it runs', () => {
    expect(manifest).toMatchObject({
      name: `@freetickets/${folder.split('/')[1]}`,
      version: published[0]!.manifest.version, // one version for all: see .changeset/config.json
      description: expect.stringMatching(/^[A-Z].*\.$/),
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=20.19' },
      repository: { type: 'git', url: 'git+https://github.com/freetickets/freetickets.git', directory: folder },
      publishConfig: { access: 'public', provenance: true },
      scripts: { build: 'tsc -b', test: 'vitest run' },
      files: expect.arrayContaining(['dist', 'src', '!**/*.test.ts', '!dist/.tsbuildinfo']),
    });
  });

  it('has the skeleton that all packages have', () => {
    for (const file of ['README.md', 'tsconfig.json', 'vitest.config.ts', 'src/index.ts'])
      expect(existsSync(join(path, file)), file).toBe(true);
  });

  it('exports sources to the workspace, types and code to everyone else', () => {
    const filesOf = (name: string) => [
      ['@freetickets/source', `./src/${name}.ts`],
      ['types', `./dist/${name}.d.ts`],
      ['default', `./dist/${name}.js`],
    ];
    for (const [entry, conditions] of Object.entries(manifest.exports)) {
      const { browser, ...others } = conditions;
      if (browser) expect(Object.keys(conditions)[0], entry).toBe('browser'); // bundlers take the first condition that they know
      for (const files of browser ? [browser, others] : [others]) {
        const name = String(files['@freetickets/source']).match(/^\.\/src\/(.*)\.ts$/)?.[1] ?? '';
        expect(Object.entries(files), entry).toEqual(filesOf(name));
        expect(existsSync(join(path, `src/${name}.ts`)), entry).toBe(true);
      }
    }
    for (const [command, file] of Object.entries(manifest.bin ?? {}))
      expect(readFileSync(join(path, file.replace(/^dist(.*)\.js$/, 'src$1.ts')), 'utf8'), command).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('knows only the packages it may know, at the version of this workspace', () => {
    const names = everything(manifest);
    expect(mayKnow(folder)).toEqual(expect.arrayContaining(ours(names)));
    for (const name of ours(names)) expect(names[name]).toBe('workspace:^');
  });

  it('builds after the packages it depends on, and those alone', () => {
    const { references = [] } = JSON.parse(readFileSync(join(path, 'tsconfig.json'), 'utf8')) as { references?: { path: string }[] };
    const built = references.map((reference) => `@freetickets/${reference.path.split('/').at(-1)}`);
    expect(built.sort()).toEqual(ours(manifest.dependencies ?? {}).sort());
  });

  it('takes shared dependencies from the catalog', () => {
    const others = published.filter((other) => other !== one).flatMap((other) => Object.keys(everything(other.manifest)));
    for (const [name, version] of Object.entries(everything(manifest)))
      if (others.includes(name) && !name.startsWith('@freetickets/')) expect(version, name).toBe('catalog:');
  });

  it('shows an example within the first ten lines of its README', () => {
    expect(firstExample(one).line).toBeGreaterThan(0);
    expect(firstExample(one).line).toBeLessThanOrEqual(10);
  });
});

describe('the example at the top of a README', () => {
  it.each(libraries)('of $folder is docs/examples/*.ts, which the tests run', (one) => {
    const { language, code } = firstExample(one);
    expect(language).toBe('ts');
    expect(code).toBe(readFileSync(join(root, 'docs/examples', `${one.folder.split('/')[1]}.ts`), 'utf8'));
  });
});

describe('sparse-core', () => {
  it('depends on nothing', () => {
    const core = libraries.find(({ folder }) => folder === 'packages/sparse-core')!.manifest;
    expect({ ...core.dependencies, ...core.peerDependencies, ...core.optionalDependencies }).toEqual({});
  });
});
