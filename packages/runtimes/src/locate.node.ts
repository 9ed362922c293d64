/** Where a pinned file is served: by PyPI's simple index (JSON or HTML) and npm's registry, or by the mirrors that pip and npm are told to use. */
import { below, npmRegistry, pythonIndex } from './indexes.node.ts';
import type { Pin } from './pin.ts';
import { Refusal, request } from './request.node.ts';

/** JSON as PyPI serves it (PEP 691); HTML (PEP 503) is what many mirrors have. */
const ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';

/** @throws Refusal */
export async function locate(pin: Pin, signal?: AbortSignal): Promise<string> {
  if (pin.from === 'npm') return below(npmRegistry(), `${pin.name}/-/${pin.name.split('/').at(-1)}-${pin.version}.tgz`);
  const page = await request(below(pythonIndex(), `${pin.name}/`), { Accept: ACCEPT }, signal);
  const links = page.headers.get('content-type')?.includes('json')
    ? ((await page.json()) as { files: { filename: string; url: string }[] }).files.map(({ filename, url }) => [filename, url] as const)
    : linksOf(await page.text());
  const link = links.find(([name]) => name === pin.file)?.[1];
  if (link === undefined) throw new Refusal(page.url, `no link to ${pin.file}`);
  return new URL(link, page.url).href;
}

/** Text and target of every link; in such an index the text is the name of the file. */
const linksOf = (html: string): [string, string][] =>
  [...html.matchAll(/<a\s[^>]*href="([^"]*)"[^>]*>\s*([^<]*?)\s*<\/a>/gi)].map(([, href, text]) => [text!, href!.replaceAll('&amp;', '&')]);
