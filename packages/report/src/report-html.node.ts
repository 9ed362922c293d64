/** A report as one HTML file: data, styles and the page's script (page/, bundled when this package is built) in one, nothing from elsewhere. */
import { readFileSync } from 'node:fs';
import type { Report } from './report.ts';

// Tests run from src/, programs from dist/.
const dist = new URL(import.meta.url.endsWith('.ts') ? '../dist/' : './', import.meta.url);
const CONTENT_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'";

export interface HtmlOptions {
  /** The page asks for `report.json` beside it again and again, and draws what has changed. Default false. */
  readonly live?: boolean;
}

/**
 * @returns UTF-8 text; about 0.7 MB and what the runs have to say
 * @throws Error ENOENT where this package was not built
 * @example await writeFile('report.html', reportHtml(report))
 */
export function reportHtml(report: Report, { live = false }: HtmlOptions = {}): string {
  const read = (name: string) => readFileSync(new URL(name, dist), 'utf8');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escaped(report.title)}</title>
<style>${read('page.css')}</style>
</head>
<body data-live="${live}">
<main id="report"></main>
<noscript>This report is drawn by its own script, which this browser does not run.</noscript>
<script type="application/json" id="data">${json(report)}</script>
<script>${read('page.js')}</script>
</body>
</html>
`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** JSON that ends no script element, and that a script may hold. */
const json = (value: unknown): string =>
  JSON.stringify(value).replace(/[<\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
