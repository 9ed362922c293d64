/**
 * The engine in a real browser: Vite bundles a page as it comes, without a configuration, from the packages as they are published (built
 * before), Chromium loads it, and the numbers are those of Node. No port is opened: the requests of the page are answered from the bundle.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../conformance/compare.ts';
import { inChromium, launch, skipped } from './chromium.ts';
import { learn, type Outcome } from './page/learn.ts';

const ORIGIN = 'http://page.test';
describe.skipIf(skipped)(inChromium, () => {
  const bundle = mkdtempSync(join(tmpdir(), 'page-'));
  const problems: string[] = [];
  let browser: Browser | undefined;
  let found: Outcome;

  beforeAll(async () => {
    const root = fileURLToPath(new URL('page', import.meta.url));
    await build({ root, configFile: false, logLevel: 'error', build: { outDir: bundle, emptyOutDir: true } });
    browser = await launch();
    const page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    await page.route(`${ORIGIN}/**`, (route) => {
      const path = new URL(route.request().url()).pathname;
      return route.fulfill({ path: join(bundle, path === '/' ? 'index.html' : path) });
    });
    await page.goto(ORIGIN);
    found = (await page.evaluate('globalThis.outcome')) as Outcome;
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(bundle, { recursive: true, force: true });
  });

  it('the bundle has nothing of Node in it, and the page no complaint', () => {
    const files = readdirSync(bundle, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    expect(files.length).toBeGreaterThan(0);
    const ofNode = files.filter((file) => /["'`]node:|browser-external/.test(file + readFileSync(join(bundle, file), 'utf8')));
    expect(ofNode).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('the best engine is WebAssembly with fused multiply-adds', () => {
    expect(found.name).toBe('wasm/relaxed');
  });

  it('without them it predicts the same bits as in Node, and after three steps of training the same within 1e-5', async () => {
    const { plain } = await learn();
    expect(found.plain.before).toEqual(plain.before);
    expect(relativeError(found.plain.losses, plain.losses)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(found.plain.after, plain.after)).toBeLessThanOrEqual(1e-5);
    expect(found.plain.after).not.toEqual(found.plain.before);
  });

  it.each(['best', 'plain'] as const)('%s: what the reference computes there, within 1e-5 before and 1e-4 after three steps', (kind) => {
    expect(relativeError(found[kind].before, found.reference.before)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(found[kind].after, found.reference.after)).toBeLessThanOrEqual(1e-4);
  });
});
