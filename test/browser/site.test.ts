/** The documentation site in a real browser: pages, search, dark and light, under axe's eyes, and nothing asked of anybody else. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inChromium, launch, skipped } from './chromium.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const root = fileURLToPath(new URL('../../site', import.meta.url));
const isBuilt = existsSync(`${root}/dist/index.html`);
const title = `the site ${inChromium}${isBuilt ? '' : ' [it is not built: pnpm site]'}`;

describe.skipIf(skipped || (!isBuilt && !process.env.CI))(title, () => {
  const problems: string[] = [];
  let browser: Browser | undefined;
  let server: PreviewServer | undefined;
  let address = '';

  beforeAll(async () => {
    server = await preview({ root, configFile: false, logLevel: 'error', preview: { port: 0, host: '127.0.0.1' } });
    address = server.resolvedUrls!.local[0]!;
    browser = await launch();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(path: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser!.newPage({ colorScheme, viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => problems.push(`${path}: ${error.message}`));
    page.on('console', (message) => problems.push(`${path}: ${message.text()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith('data:')) problems.push(request.url());
    });
    await page.goto(`${address}${path}`, { waitUntil: 'networkidle' });
    await page.waitForFunction("document.querySelector('#app').__vue_app__"); // before that, nobody listens to its buttons
    return page;
  }

  it('begins with a way in', async () => {
    const page = await open('');
    await page.getByRole('link', { name: 'a first ensemble' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'A first ensemble' }).waitFor();
    await page.getByRole('navigation').getByText('Your own images').first().waitFor();
    await page.close();
  });

  it('finds a word', async () => {
    const page = await open('docs/glossary');
    await page
      .getByRole('button', { name: /search/i })
      .first()
      .click();
    await page.getByRole('searchbox').fill('temperature scaling');
    const result = page.locator('.VPLocalSearchBox .result').filter({ hasText: 'Knowing when not to know' }).first();
    await result.click();
    await page.getByRole('heading', { level: 1, name: 'Knowing when not to know' }).waitFor();
    await page.close();
  });

  it('has a reference made of the tables and the types', async () => {
    const commands = await open('reference/commands/train');
    expect(await commands.getByRole('cell', { name: '--dry-run' }).count()).toBeGreaterThan(0);
    await commands.close();
    const fields = await open('reference/experiment');
    expect(await fields.getByRole('cell', { name: '--sparsity' }).count()).toBe(1);
    await fields.close();
    const types = await open('reference/api/');
    await types
      .getByRole('link', { name: /sparse-core/ })
      .first()
      .waitFor();
    await types.close();
  });

  it.each(
    ['', 'docs/concepts/free-tickets', 'docs/tutorial/first-ensemble', 'docs/serving', 'reference/commands/train'].flatMap((path) =>
      (['light', 'dark'] as const).map((scheme) => ({ path: `/${path}`, scheme })),
    ),
  )('has nothing that axe objects to: $path, $scheme', async ({ path, scheme }) => {
    const page = await open(path.slice(1), scheme);
    expect(await page.evaluate("document.documentElement.classList.contains('dark')")).toBe(scheme === 'dark');
    await page.evaluate(axe);
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' ')}`)).toEqual([]);
    await page.close();
  });

  it('had no complaint, and asked nobody else', () => {
    expect(problems).toEqual([]);
  });
});
