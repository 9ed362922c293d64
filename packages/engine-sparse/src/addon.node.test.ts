/** The addon's name on this platform. What is loaded, and why not something else, test/workspace/prebuilt.test.ts tries on an installed package. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { findAddon, platformName } from './addon.node.ts';

describe('the platform', () => {
  it.skipIf(process.platform !== 'linux')('is named after the processor, and after the C library where that is musl', () => {
    // `ldd --version` is a part of the C library and names it: glibc on stdout, musl on stderr.
    const { stdout, stderr } = spawnSync('ldd', ['--version'], { encoding: 'utf8' });
    expect(platformName()).toBe(`linux-${process.arch}${/musl/.test(stdout + stderr) ? '-musl' : ''}`);
  });

  it.skipIf(process.platform === 'linux')('is named after the system and the processor', () => {
    expect(platformName()).toBe(`${process.platform}-${process.arch}`);
  });
});

describe('the addon found', () => {
  it('carries digests of the layout and of all sources, or the reason why there is none is said', () => {
    const { addon, failed } = findAddon();
    if (addon) expect(addon.layout).toMatch(/^[0-9a-f]{16}\.[0-9a-f]{16}$/);
    else expect(failed.at(-1)).toMatch(/\((to build them|on Windows).*\)$/);
  });
});
