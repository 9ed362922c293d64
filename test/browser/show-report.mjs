// How soon a report can be used, and what it looks like: node test/browser/show-report.mjs report.html [folder for pictures]
// Time to interactive: from the beginning of the navigation to the end of the last task of more than 50 ms, drawing of what is in sight included.
// On a machine that others use as well, the CPU time of the page's main thread says more.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const TIMES = 15;
const [, , file, folder] = process.argv;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});

/** Of each page: CPU time of its main thread, in ms. */
const computed = [];

async function open(colorScheme) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  await page.addInitScript(`
    window.tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ startTime, duration }) => startTime + duration)))
      .observe({ type: 'longtask', buffered: true });
  `);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.locator('.chart canvas').first().waitFor();
  await page.waitForTimeout(500);
  const { metrics } = await session.send('Performance.getMetrics');
  computed.push(1000 * metrics.find(({ name }) => name === 'TaskDuration').value);
  return page;
}

const times = [];
for (let time = 0; time < TIMES; time++) {
  const page = await open('light');
  times.push(await page.evaluate(`Math.max(performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd, ...tasks)`));
  await page.close();
}
const text = (values) => {
  const [best, ...others] = values.toSorted((a, b) => a - b).map((value) => value.toFixed(0));
  return `best ${best}, median ${others[(values.length >> 1) - 1]}, worst ${others.at(-1)} of ${values.length}`;
};
console.log(`time to interactive, ms: ${text(times)}`);
console.log(`CPU time of the main thread, ms: ${text(computed)}`);

for (const scheme of folder === undefined ? [] : ['light', 'dark']) {
  const page = await open(scheme);
  await sharp(await page.screenshot())
    .png({ palette: true, effort: 10 })
    .toFile(join(folder, `report-${scheme}.png`));
  await page.close();
}
await browser.close();
