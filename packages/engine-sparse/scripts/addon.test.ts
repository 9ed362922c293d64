/** The table of the build scripts against the one that C reads. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const { variantsOf } = (await import(new URL('./addon.mjs', import.meta.url).href)) as {
  variantsOf(arch: string): [name: string, floats: number, flags: string[]][];
};

/** Variants by the condition under which C compiles them: `#if x64`, `#elif arm64`, `#else`. */
const [x64, arm64, other] = readFileSync(new URL('../c/kernels.def', import.meta.url), 'utf8')
  .split(/^#(?:elif|else)/m)
  .map((part) => [...part.matchAll(/^VARIANT\((\w+), (.*)\)$/gm)].map(([, name, test]) => ({ name: name!, test: test! })));

describe('instruction sets', () => {
  it.each([
    ['x64', x64!],
    ['arm64', arm64!],
    ['riscv64', other!],
  ])('of %s are the same in both tables, in the same order, and the last one needs no test', (arch, inC) => {
    expect(variantsOf(arch).map(([name]) => name)).toEqual(inC.map(({ name }) => name));
    expect(inC.at(-1)?.test).toBe('1');
  });

  it('have whole vectors of 16 floats at most, which is what an executor cuts its memory into', () => {
    for (const arch of ['x64', 'arm64', 'riscv64']) for (const [name, floats] of variantsOf(arch)) expect(16 % floats, name).toBe(0);
  });

  it('beyond what the compiler takes for granted are asked of the processor', () => {
    for (const [name, , flags] of variantsOf('x64'))
      expect(
        flags.some((flag) => /^-m(avx|fma)/.test(flag)),
        name,
      ).toBe(x64!.find((entry) => entry.name === name)!.test !== '1');
  });
});
