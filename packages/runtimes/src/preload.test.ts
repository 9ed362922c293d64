/** Real shared libraries, made by the C compiler: one that needs another, which lies where the loader does not look. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiler, temporaryFolder, writeFiles } from '../test/tiny.ts';
import { checkInChild } from './child-check.node.ts';
import { preload } from './preload.node.ts';

const linux = process.platform === 'linux';

/** `libfirst.so.1` in one folder, and in another `libsecond.so`, which needs it. */
async function libraries() {
  const folder = await temporaryFolder();
  await writeFiles(folder, {
    'a/first.c': 'int first(void) { return 1; }',
    'b/second.c': 'int first(void); int second(void) { return first(); }',
  });
  const cc = (...args: string[]) => execFileSync('cc', ['-shared', '-fPIC', ...args], { cwd: folder });
  cc('-o', 'a/libfirst.so.1', '-Wl,-soname,libfirst.so.1', 'a/first.c');
  cc('-o', 'b/libsecond.so', 'b/second.c', '-La', '-l:libfirst.so.1');
  return { folder, first: join(folder, 'a/libfirst.so.1'), second: join(folder, 'b/libsecond.so') };
}

describe.runIf(linux)('preload', () => {
  it.runIf(compiler)('lets a library be found that lies in another folder', async () => {
    const { first, second } = await libraries();
    expect(() => preload([second])).toThrow(/libfirst\.so\.1: cannot open shared object file/);
    preload([first, second]);
  });

  it.runIf(compiler)('does so in the process that checks an installation, by paths in it', async () => {
    const { folder } = await libraries();
    await checkInChild(folder, "preload(['a/libfirst.so.1', 'b/libsecond.so'])");
    await expect(checkInChild(folder, "preload(['b/libsecond.so'])")).rejects.toThrow(/libfirst/);
  });

  it('names the library that does not load', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'libgone.so');
    expect(() => preload([path])).toThrow(expect.objectContaining({ code: 'RUNTIME_UNAVAILABLE', at: path }));
  });
});
