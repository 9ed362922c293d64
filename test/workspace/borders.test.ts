/** The linter's borders: biome, with this repository's configuration, on forbidden and allowed imports in a small copy of the tree. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { published, root } from './workspace.ts';

const imports = 'lint/style/noRestrictedImports';
const dependencies = 'lint/correctness/noUndeclaredDependencies';
const node = 'lint/correctness/noNodejsModules';

const forbidden: readonly (readonly [file: string, code: string, rule: string])[] = [
  ['packages/ensemble/src/sibling.ts', "export { nll } from '@freetickets/metrics';", imports],
  ['packages/ensemble/src/sibling.node.ts', "export { nll } from '@freetickets/metrics';", imports],
  ['packages/ensemble/src/sibling.test.ts', "export { nll } from '@freetickets/metrics';", imports],
  ['packages/ensemble/src/lazy.ts', "export const nll = import('@freetickets/metrics');", imports],
  ['packages/dst-trainer/src/engine.ts', "export { referenceEngine } from '@freetickets/engine-sparse';", imports],
  ['packages/dst-trainer/src/app.ts', "export { program } from '@freetickets/cli';", imports],
  ['packages/datasets/src/deep.ts', "export { show } from '@freetickets/sparse-core/src/errors.ts';", imports],
  ['packages/datasets/src/deep/built.ts', "export { show } from '@freetickets/sparse-core/dist/errors.js';", imports],
  ['packages/datasets/src/relative.ts', "export { show } from '../../sparse-core/src/errors.ts';", imports],
  ['packages/datasets/src/deep/relative.ts', "export { show } from '../../../sparse-core/src/errors.ts';", imports],
  ['packages/datasets/src/deep/from-root.ts', "export { show } from '../../../../packages/sparse-core/src/errors.ts';", imports],
  ['packages/datasets/src/to-app.ts', "export { talk } from '../../../apps/cli/src/talk.ts';", imports],
  ['packages/sparse-core/src/dependency.ts', "export { z } from 'zod';", dependencies],
  ['packages/sparse-core/src/sibling.ts', "export { nll } from '@freetickets/metrics';", imports],
  ['packages/metrics/src/for-tests-only.ts', "export { expect } from 'vitest';", dependencies],
  ['apps/cli/src/deep.ts', "export { show } from '@freetickets/sparse-core/src/errors.ts';", imports],
  ['apps/cli/src/relative.ts', "export { show } from '../../../packages/sparse-core/src/errors.ts';", imports],
  ['test/conformance/relative.ts', "export { show } from '../../packages/sparse-core/src/errors.ts';", imports],
  ['docs/examples/deep.ts', "export { show } from '@freetickets/sparse-core/src/errors.ts';", imports],
  ...['sparse-core', 'metrics', 'ensemble', 'onnx-export', 'dst-trainer', 'engine-tfjs'].flatMap((name) => [
    [`packages/${name}/src/node.ts`, "export { readFileSync } from 'node:fs';", node] as const,
    [`packages/${name}/src/to-node.ts`, "export { load } from './load.node.ts';", imports] as const,
    [`packages/${name}/src/core-on-disk.ts`, "export { loadTicket } from '@freetickets/sparse-core/node';", imports] as const,
    [`packages/${name}/src/global.ts`, 'export const bytes = Buffer.alloc(1);', 'lint/style/noRestrictedGlobals'] as const,
  ]),
  ['packages/datasets/src/node.ts', "export { readFileSync } from 'node:fs';", node],
  ['packages/metrics/src/default.ts', 'export default 1;', 'lint/style/noDefaultExport'],
];

const allowed: readonly (readonly [file: string, code: string])[] = [
  ['packages/ensemble/src/core.ts', "export { show } from '@freetickets/sparse-core';"],
  [
    'packages/ensemble/src/disk.node.ts',
    "export { loadTicket } from '@freetickets/sparse-core/node';\nexport { readFileSync } from 'node:fs';",
  ],
  ['packages/ensemble/src/node.test.ts', "export { readFileSync } from 'node:fs';\nexport { expect } from 'vitest';"],
  ['packages/sparse-core/src/models/up.ts', "export { show } from '../errors.ts';"],
  ['packages/dst-trainer/test/own.ts', "export { train } from '../src/train.ts';"],
  ['packages/datasets/src/uses-node.ts', "export { mnist } from './mnist.node.ts';"],
  ['packages/datasets/vitest.config.ts', "export { default } from '../../tooling/vitest.ts';"],
  ['apps/cli/src/everyone.ts', "export { nll } from '@freetickets/metrics';\nexport { bestEngine } from '@freetickets/engine-sparse';"],
  ['test/conformance/engine.ts', "export { bestEngine } from '@freetickets/engine-sparse';"],
  ['docs/examples/engine.ts', "export { bestEngine } from '@freetickets/engine-sparse';"],
];

interface Finding {
  readonly category: string;
  readonly location: { readonly path: string };
}

let folder = '';
let findings: readonly Finding[] = [];

async function copyOfTree(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'borders-'));
  const configuration = ['biome.json', '.gitignore', 'package.json', 'test/package.json', 'docs/examples/package.json'];
  for (const file of [...configuration, ...published.map((one) => `${one.folder}/package.json`)]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(root, file), join(folder, file));
  }
  for (const [file, code] of [...forbidden, ...allowed]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `${code}\n`);
  }
}

const lint = (): Promise<string> =>
  new Promise((resolve) => {
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=1000', '.'];
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (_error, stdout) => resolve(stdout)); // it ends with 1 when it finds something
  });

beforeAll(async () => {
  await copyOfTree();
  findings = (JSON.parse(await lint()) as { diagnostics: Finding[] }).diagnostics;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rulesBroken = (file: string): string[] =>
  findings.filter((finding) => finding.location.path === file).map((finding) => finding.category);

describe('the linter', () => {
  it.each(forbidden)('refuses in %s: %s', (file, _code, rule) => {
    expect(rulesBroken(file)).toContain(rule);
  });

  it.each(allowed)('allows in %s: %s', (file) => {
    expect(rulesBroken(file)).toEqual([]);
  });
});
