/** The system's Chromium; playwright-core brings none of its own. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'];

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.CHROMIUM ?? '', ...places].find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const executablePath = findChromium();
const missing = 'there is no Chromium: apt-get install chromium, or set CHROMIUM to its path';

/** Whether tests in it are to be skipped, which they never are in CI, and what their title says then. */
export const skipped = !executablePath && !process.env.CI;
export const inChromium = `in Chromium${executablePath ? '' : ` [${missing}]`}`;

export async function launch(): Promise<Browser> {
  if (!executablePath) throw new Error(missing);
  return chromium.launch({ executablePath, args: QUIET });
}
