/**
 * Links of Markdown files are meant from where they lie in the repository, so that they work there too. Here they lead to the page that is made
 * of a file or, where none is, to the file itself at its public place. A link to nothing fails the build.
 */
import { existsSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import type { MarkdownOptions } from 'vitepress';
import { addressOf, isPage, root } from './pages.ts';

const PUBLIC = 'https://github.com/freetickets/freetickets/blob/main/';

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0];

export function repositoryLinks(markdown: MarkdownIt): void {
  markdown.core.ruler.push('repository links', ({ tokens, env }) => {
    const { path, realPath = path } = env as { path: string; realPath?: string };
    const page = relative(root, realPath).split(sep).join('/');
    for (const token of tokens.flatMap(({ children }) => children ?? []))
      if (token.type === 'link_open') token.attrSet('href', leadsTo(page, String(token.attrGet('href'))));
  });
}

function leadsTo(page: string, href: string): string {
  if (/^([a-z]+:|#|\/)/i.test(href)) return href;
  const [path = '', hash] = href.split('#');
  const named = posix.join(dirname(page), decodeURI(path)).replace(/\/$/, '');
  const file = [named, `${named}/README.md`].find((one) => isPage(one) && existsSync(join(root, one))) ?? named;
  if (!existsSync(join(root, file))) throw new Error(`${page}: a link to ${href}, where nothing is`);
  const address = isPage(file) ? `/${addressOf(file)}` : `${PUBLIC}${file}`;
  return hash === undefined ? address : `${address}#${hash}`;
}
