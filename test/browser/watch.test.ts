/** The live page in a real browser, while another process trains: it follows the run, says nothing in the console, and axe finds nothing. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reached, SMALL, start, temporary } from '../e2e/command.ts';
import { inChromium, launch, skipped } from './chromium.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(skipped)(`a live page ${inChromium}`, () => {
  let browser: Browser | undefined;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  async function open(address: string): Promise<{ readonly page: Page; readonly problems: string[] }> {
    const page = await browser!.newPage({ viewport: { width: 1280, height: 800 } });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(address) && !/^(?:data|blob):/.test(request.url())) problems.push(request.url());
    });
    await page.goto(address);
    return { page, problems };
  }

  it('follows a run from before its first ticket, where the reader is', async () => {
    const path = join(temporary(), 'run');
    const training = start(['train', ...SMALL, '--explore-epochs', '1000000', '--out', path]);
    await reached(3, path, training);
    const watching = start(['watch', path, '--port', '0', '--json']);
    await watching.said('stdout', /\n/);
    const { address } = JSON.parse(watching.stdout) as { address: string };
    const { page, problems } = await open(address);
    expect(await page.locator('h2').allTextContents()).toEqual(['Results', 'Training', 'Layers', 'Where it comes from']);
    expect(await page.textContent('main')).toContain('is not finished, 2 tickets to go');

    await page.getByRole('heading', { name: 'Where it comes from' }).scrollIntoViewIfNeeded();
    const [made, place] = await page.evaluate<[string, number]>(`[document.querySelector('h1 + p').textContent, scrollY]`);
    expect(place).toBeGreaterThan(0);
    await page.evaluate(`window.drawn = document.querySelector('.chart')`);
    await page.getByText(made).waitFor({ state: 'detached' });
    expect(await page.evaluate('scrollY')).toBe(place);
    expect(await page.evaluate('window.drawn.isConnected')).toBe(true); // newer numbers in the same charts

    for (const chart of await page.locator('.chart').all()) await chart.scrollIntoViewIfNeeded();
    await page.evaluate(AXE);
    expect(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))')).toEqual([]);
    expect((await training.kill('SIGINT')).code).toBe(75);
    expect((await watching.kill('SIGINT')).code).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('of train --ui has the run as it ended', async () => {
    const path = join(temporary(), 'run');
    const training = start(['train', ...SMALL, '--explore-epochs', '200', '--out', path, '--ui', '0']);
    await training.said('stderr', /^http:\S+ shows this run/m);
    training.child.kill('SIGSTOP'); // the page is served by another process
    const { page, problems } = await open(/^http:\S+/m.exec(training.stderr)![0]);
    expect(await page.textContent('main')).toContain('is not finished');
    training.child.kill('SIGCONT');
    const { code, stderr } = await training.finished;
    expect(code, stderr).toBe(0);
    await page.getByText('is not finished').waitFor({ state: 'detached' });
    expect(await page.locator('h3').allTextContents()).toContain('Accuracy');
    await page.close();
    // A page whose server has gone says so in the console of its browser, once each time it asks.
    expect(problems.filter((problem) => !problem.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
  });
});
