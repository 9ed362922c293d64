/** A report of real runs in a real browser: opened from disk, without a network, in light and dark, wide and narrow, under axe's eyes. */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, remove, run, SMALL } from '../e2e/command.ts';
import { inChromium, launch, skipped } from './chromium.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MEGABYTES = 1e6;

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe.skipIf(skipped)(`a report ${inChromium}`, () => {
  const home = folder();
  const [first, second, file] = [join(home, 'first'), join(home, '<b>second</b>'), join(home, 'report.html')];
  const problems: string[] = [];
  let browser: Browser | undefined;

  beforeAll(async () => {
    const ends = [
      await run(['train', ...SMALL, '--tickets', '7', '--keep-trajectory', '16', '--out', first]),
      await run(['train', ...SMALL, '--method', 'static', '--out', second]),
      await run(['evaluate', first, '-q', '--diversity', '--ood', 'uniform-noise', '--trajectory', '--interpolate']),
      await run(['evaluate', second, '-q']),
      await run(['report', first, second, '--output', file, '--title', 'Two runs']),
    ];
    for (const { code, stderr } of ends) expect(code, stderr).toBe(0);
    browser = await launch();
  }, 600_000);

  afterAll(async () => {
    await browser?.close();
    remove(home);
  });

  async function open(look: { readonly width: number; readonly colorScheme: 'light' | 'dark' }): Promise<Page> {
    const page = await browser!.newPage({ viewport: { width: look.width, height: 800 }, colorScheme: look.colorScheme });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => {
      if (!/^(?:file|data|blob):/.test(request.url())) problems.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  /** Charts are drawn when they come into sight. */
  async function seeAll(page: Page): Promise<number> {
    for (const chart of await page.locator('.chart').all()) {
      await chart.scrollIntoViewIfNeeded();
      await chart.locator('canvas').first().waitFor();
    }
    return page.locator('.chart:has(canvas)').count();
  }

  it('draws every section, and one run at a time', async () => {
    const page = await open({ width: 1280, colorScheme: 'light' });
    expect(await page.locator('h2').allTextContents()).toEqual([
      'Results',
      'Training',
      'Layers',
      'Uncertainty',
      'Members',
      'Where it comes from',
    ]);
    expect(await seeAll(page)).toBeGreaterThanOrEqual(16);
    await page.getByRole('combobox', { name: /^Run/ }).selectOption({ index: 1 });
    expect(await page.locator('h3').allTextContents()).not.toContain('Ways of the members');
    expect(await page.locator('td b').count()).toBe(0); // names are text
  });

  it.each([
    { width: 1280, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const)('is accessible, and no wider than the screen: $width, $colorScheme', async (look) => {
    const page = await open(look);
    await seeAll(page);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
    await page.evaluate(AXE);
    const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Violation[];
    expect(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it('says nothing in the console, asks nobody for anything, and is small', () => {
    expect(problems).toEqual([]);
    expect(statSync(file).size).toBeLessThan(3 * MEGABYTES);
  });
});
