/** The system's Chromium, for tests that need a real browser. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'];

const folders = (process.env.PATH ?? '').split(delimiter);
const places = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name)));

/** Where it is; undefined where there is none. */
export const chromiumPath: string | undefined = [process.env.CHROMIUM ?? '', ...places].find((place) => {
  try {
    accessSync(place, constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

export const noChromium = 'there is no Chromium: apt-get install chromium, or set CHROMIUM to its path';

/** @throws Error where there is none */
export async function launchChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error(noChromium);
  return chromium.launch({ executablePath: chromiumPath, args: QUIET });
}
