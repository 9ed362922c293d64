/**
 * The server's page in a real browser, with a real server behind it: draw, ask the server, ask the engine in the page, refuse; with the
 * keyboard alone; without a complaint of the browser or of axe, dark and light. The tickets are untrained: what they say is compared with
 * what the server says of the same picture, not with what was drawn.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fitCalibration, type RunningServer, serve } from '@freetickets/inference';
import { toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, lenet5, network, randomTopology } from '@freetickets/sparse-core';
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inChromium, launch, skipped } from './chromium.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MEMBERS = 3;
const CLASSES = [...'0123456789'].map((digit) => `digit ${digit}`);

function modelFile(): Uint8Array {
  const net = network(lenet5());
  const tickets = [1, 2, 3].map((seed) => initialState(net, randomTopology(net, erk()(net, 0.8), seed), seed));
  // A calibration by which everything that these tickets say is refused as foreign: their entropy is near ln 10.
  const sure = Float32Array.from({ length: MEMBERS * 300 * 10 }, (_, k) => (k % 10 === 0 ? 0.91 : 0.01));
  const calibration = fitCalibration({ size: 300, members: MEMBERS, classes: 10, values: sure }, new Int32Array(300));
  return toOnnx(tickets, { classes: CLASSES, calibration: { ...calibration }, normalization: { mean: [0.1307], std: [0.3081] } });
}

describe.skipIf(skipped)(`the playground ${inChromium}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'));
  const problems: string[] = [];
  const elsewhere: string[] = [];
  let browser: Browser | undefined;
  let server: RunningServer | undefined;
  let page: Page;

  beforeAll(async () => {
    const path = join(folder, 'digits.onnx');
    await writeFile(path, modelFile());
    server = await serve({ models: { digits: { path } }, port: 0 });
    browser = await launch();
    page = await browser.newPage({ colorScheme: 'light' });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request: Request) => {
      if (!request.url().startsWith(server!.address) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    await page.goto(`${server.address}/playground`);
    await page.locator('#model option').first().waitFor({ state: 'attached' });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Probabilities as the table shows them, in percent. */
  const shown = async () => (await page.locator('#classes tr td:nth-child(2)').allTextContents()).map((text) => Number.parseFloat(text));
  const answered = async () => {
    await page.locator('#answer:not([hidden])').waitFor();
    return shown();
  };

  it('answers a drawing with the classes, each ticket’s vote and how sure they are', async () => {
    const { x, y } = (await page.locator('#pad').boundingBox())!;
    await page.mouse.move(x + 140, y + 40);
    await page.mouse.down();
    await page.mouse.move(x + 140, y + 240, { steps: 10 });
    await page.mouse.up();
    const all = await answered();
    expect(all).toHaveLength(10);
    expect(all.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 0);
    expect(await page.locator('#votes tr').count()).toBe(MEMBERS);
    expect(await page.locator('#classes th').first().textContent()).toBe('digit 0');
    expect(await page.locator('#measures').textContent()).toContain('of which epistemic (mutual information)');
  });

  it('refuses what looks foreign, and says why', async () => {
    expect(await page.locator('#verdict').textContent()).toMatch(
      /^Refused: the picture does not look like .* It would have said digit \d\.$/,
    );
  });

  it('computes the same in the browser, with the WebAssembly engine', async () => {
    const before = await shown();
    await page.selectOption('#place', 'browser');
    await page.getByText(/this browser \(wasm/).waitFor();
    const here = await shown();
    here.forEach((percent, c) => {
      expect(Math.abs(percent - before[c]!)).toBeLessThanOrEqual(0.1001); // one digit after the point is shown
    });
    await page.selectOption('#place', 'server');
    await page.getByText(/the server, /).waitFor();
  });

  it('is drawn on with the keyboard alone', async () => {
    await page.getByRole('button', { name: 'Clear' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#answer').isHidden()).toBe(true);
    await page.locator('#pad').focus();
    await page.keyboard.press(' ');
    for (let step = 0; step < 8; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press(' ');
    expect(await answered()).toHaveLength(10);
  });

  it('takes a picture from a file', async () => {
    const png = await page.locator('#pad').screenshot();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('#file').setInputFiles({ name: 'digit.png', mimeType: 'image/png', buffer: png });
    expect(await answered()).toHaveLength(10);
  });

  it('follows throughput, queue and drift', async () => {
    await page.locator('#throughput-now').getByText(/^\d/).waitFor();
    await page
      .locator('#drift-now')
      .getByText(/collecting, \d+ answers/)
      .waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(3);
  });

  it.each(['light', 'dark'] as const)('has nothing that axe objects to (%s)', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe);
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    const picture = await page.screenshot({ fullPage: true });
    expect(picture.length).toBeGreaterThan(10_000);
  });

  it('had no complaint, and asked nobody but its server', () => {
    expect(problems).toEqual([]);
    expect(elsewhere).toEqual([]);
  });
});
