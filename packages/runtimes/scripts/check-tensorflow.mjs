/**
 * Runs the test suite of TensorFlow.js itself, with the list of tests that tfjs-node leaves out, against the installed TensorFlow as
 * loadTensorflow() gives it. Needs a build, an installation (`freetickets setup tensorflow`) and npm; takes some minutes. It ends with 1 when
 * more than one test fails. Usage: node scripts/check-tensorflow.mjs [--filter REGEXP]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTensorflow, tensorflowStatus } from '../dist/index.js';

const { values } = parseArgs({ options: { filter: { type: 'string', default: '' } } });
const ALLOWED_FAILURES = 1;
const PACKAGES = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-node-gpu@4.22.0', 'jasmine@4.2.1', 'esbuild@0.28.2'];

const folder = mkdtempSync(join(tmpdir(), 'tfjs-core-tests-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'node_modules'));
writeFileSync(join(folder, 'package.json'), '{ "private": true }');
execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', ...PACKAGES], { cwd: folder, stdio: 'inherit' });
const load = createRequire(join(folder, 'tests.cjs'));

// The tests are published as ES modules that Node takes for CommonJS; a bundle is one file that it can run. Their copy of tfjs-core shares its
// state with the loaded one: it lies on globalThis.
const jasmineUtil = '@tensorflow/tfjs-core/dist/jasmine_util';
const parts = ['public/chained_ops/register_all_chained_ops', 'register_all_gradients', 'tests'];
writeFileSync(
  join(folder, 'entry.cjs'),
  `require('${jasmineUtil}').setTestEnvs([{ name: 'test-tensorflow', backendName: 'tensorflow', flags: {}, isDataSync: true }]);
${parts.map((part) => `require('@tensorflow/tfjs-core/dist/${part}');`).join('\n')}\n`,
);
const bundle = [
  'entry.cjs',
  '--bundle',
  '--platform=node',
  '--outfile=tests.cjs',
  '--log-level=error',
  '--external:node-fetch',
  '--ignore-annotations',
];
execFileSync(process.execPath, [load.resolve('esbuild/bin/esbuild'), ...bundle], { cwd: folder, stdio: 'inherit' });

const runTests = readFileSync(join(folder, 'node_modules/@tensorflow/tfjs-node-gpu/dist/run_tests.js'), 'utf8');
const list = /IGNORE_LIST = (\[[\s\S]*?\n\]);/.exec(runTests)[1];
const leftOut = new Function(`return ${list}`)();

const { folder: installed, tensorflow, cuda } = await tensorflowStatus();
await loadTensorflow();
const Jasmine = load('jasmine');
const runner = new Jasmine({ projectBaseDir: folder });
runner.loadConfig({ random: false });
runner.exitOnCompletion = false;
load('./tests.cjs');
const wanted = new RegExp(values.filter);
const counts = { passed: 0, failed: 0, pending: 0, excluded: 0 };
const failures = [];
runner.clearReporters();
runner.addReporter({
  specDone({ status, fullName, failedExpectations }) {
    counts[status]++;
    if (status === 'failed') failures.push(`${fullName}: ${failedExpectations[0]?.message.slice(0, 300)}`);
  },
});
runner.env.configure({
  specFilter: (spec) => wanted.test(spec.getFullName()) && !leftOut.some((text) => spec.getFullName().includes(text)),
});
const started = performance.now();
await runner.execute();
for (const failure of failures) console.log(`failed: ${failure}`);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`TensorFlow ${tensorflow}${cuda ? ' for CUDA' : ''} in ${installed}, node ${process.version}, ${seconds} s`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.pending} pending, ${counts.excluded} left out`);
process.exitCode = counts.failed > ALLOWED_FAILURES || counts.passed === 0 ? 1 : 0;
