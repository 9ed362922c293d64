/** The script that compiles the kernels to WebAssembly, on a copy of the sources. */
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-wasm-'));
  for (const part of ['scripts/build-wasm.mjs', 'package.json', 'c', 'wasm'])
    cpSync(join(packageFolder, part), join(folder, part), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles in no time. */
const NO_KERNELS = `#include "ops.h"
int ft_tasks_wasm(const int32_t *op, const ft_arena *arena) { return op == 0 && arena == 0; }
void ft_run_wasm(const int32_t *op, int task, const ft_arena *arena) { (void)op; (void)task; (void)arena; }
`;

const kernels = (variant = 'plain') => join(folder, `wasm/${variant}.js`);
const linkCompiler = () => symlinkSync(join(packageFolder, 'node_modules'), join(folder, 'node_modules'), 'junction');

function build(): Promise<{ status: number | null; said: string }> {
  const child = spawn(process.execPath, [join(folder, 'scripts/build-wasm.mjs')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, said })));
}

describe('build-wasm', () => {
  it('has built what is there from the sources that are there (if not: pnpm build), and does not build it again', async () => {
    writeFileSync(kernels(), `${readFileSync(kernels(), 'utf8')}// not written again`);
    expect(await build()).toEqual({ status: 0, said: '' });
    expect(readFileSync(kernels(), 'utf8')).toMatch(/not written again$/);
  });

  it('builds anew when a source has changed, and the same again from the same sources', async () => {
    linkCompiler();
    writeFileSync(join(folder, 'c/kernels.c'), NO_KERNELS);
    const before = readFileSync(kernels(), 'utf8');
    expect(await build()).toEqual({ status: 0, said: '' });
    const once = readFileSync(kernels(), 'utf8');
    rmSync(kernels());
    expect(await build()).toEqual({ status: 0, said: '' });
    expect(readFileSync(kernels(), 'utf8')).toBe(once);
    expect(once).not.toBe(before);
    expect(once).toMatch(/\nexport const kernels =\n {2}'AGFzbQ[\w+/]+=*';\n$/); // base64 of \0asm, with which every module begins
  });

  it('without its compiler fails in one sentence and leaves nothing of other sources behind', async () => {
    appendFileSync(join(folder, 'c/wasm.c'), '\n');
    expect(await build()).toEqual({
      status: 1,
      said: expect.stringMatching(/^engine-sparse: the WebAssembly kernels were not built: .*'@yowasp\/clang'.*\.\n$/),
    });
    expect([existsSync(kernels()), existsSync(kernels('relaxed'))]).toEqual([false, false]);
  });

  it('fails on a source that does not compile, with what the compiler says', async () => {
    linkCompiler();
    appendFileSync(join(folder, 'c/ops.h'), 'this is not C\n');
    const { status, said } = await build();
    expect(status).toBe(1);
    expect(said).toMatch(/ops\.h:\d+:1: error: [\s\S]*engine-sparse: the WebAssembly kernels were not built: .*\.\n$/);
    expect([existsSync(kernels()), existsSync(kernels('relaxed'))]).toEqual([false, false]);
  });

  it('fails where the kernels need a function that nobody gives them', async () => {
    linkCompiler();
    writeFileSync(join(folder, 'c/kernels.c'), NO_KERNELS);
    appendFileSync(
      join(folder, 'c/wasm.c'),
      'double tanh(double);\n__attribute__((export_name("t"))) double t(double x) { return tanh(x); }\n',
    );
    const { status, said } = await build();
    expect(status).toBe(1);
    expect(said).toMatch(/undefined symbol: tanh/);
  });
});
