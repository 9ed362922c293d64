import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { cacheUse } from './cache-use.ts';

it('counts every file in the cache, and the room on its disk also before there is one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cache-use-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cache = join(folder, 'not', 'yet');
  expect(await cacheUse(cache)).toEqual({ folder: cache, usedBytes: 0, freeBytes: expect.any(Number) });
  mkdirSync(join(cache, 'deep'), { recursive: true });
  writeFileSync(join(cache, 'a'), 'x'.repeat(1000));
  writeFileSync(join(cache, 'deep', 'b'), 'x'.repeat(234));
  const { usedBytes, freeBytes } = await cacheUse(cache);
  expect(usedBytes).toBe(1234);
  expect(freeBytes).toBeGreaterThan(0);
});
