import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { processorFeatures } from './processor-features.ts';

it.each([
  [
    'an x86 machine',
    'processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma avx512f avx512_vnni hypervisor\n',
    ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni'],
  ],
  ['an Arm machine', 'processor\t: 0\nFeatures\t: fp asimd evtstrm asimddp sve\n', ['asimd', 'asimddp', 'sve']],
  ['a machine that does not say', 'processor\t: 0\n', []],
])('the instruction sets of %s', (_name, text, features) => {
  const folder = mkdtempSync(join(tmpdir(), 'features-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'cpuinfo'), text);
  expect(processorFeatures(join(folder, 'cpuinfo'))).toEqual(features);
  expect(processorFeatures(join(folder, 'nothing'))).toEqual([]);
});
