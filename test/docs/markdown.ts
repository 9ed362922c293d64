/** Markdown of this repository, and the blocks of code in it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  readonly language: string;
  /** What follows the language: the name under which the text above asks to save it. */
  readonly name: string;
  readonly code: string;
}

export const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Fenced blocks from top to bottom. */
export const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```(\S*) ?(.*)\n([\s\S]*?)^```$/gm)].map(([, language = '', name = '', code = '']) => ({ language, name, code }));

const inside = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`)
    .sort();

/** Pages that are written to be followed: what they show is run. */
export const lessons: readonly string[] = ['docs/tutorial', 'docs/how-to', 'docs/concepts'].flatMap(inside);

const readmes = ['packages', 'apps'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}/README.md`));

/** Everything that people read. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'deploy/README.md',
  ...inside('docs'),
  ...readmes.filter((page) => existsSync(join(root, page))),
];
