/** Every `freetickets` command on any page: the command exists, and so does every option that is given to it. */
import { commandLine } from '@freetickets/cli';
import { describe, expect, it } from 'vitest';
import { blocksOf, pages, read } from './markdown.ts';

const options = new Map(
  commandLine().map(({ name, options: all }) => [name, new Set([...all.flatMap(({ long, short = long }) => [long, short]), '--help'])]),
);

/** What follows `freetickets` on each line of a script, and in code between words. */
function commandsOf(markdown: string): string[] {
  const scripts = blocksOf(markdown).flatMap(({ language, code }) => (/^(sh|text|)$/.test(language) ? [code.replace(/\\\n\s*/g, '')] : []));
  const inScripts = scripts.flatMap((script) => [
    ...script.matchAll(/(?:^|[;&|(!]|do|then|until|--silent)\s*freetickets ([a-z][^#;&|\n]*)/gm),
  ]);
  const inText = [...markdown.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`freetickets ([a-z][^`]*)`/g)];
  return [...inScripts, ...inText].map(([, command = '']) => command.trim());
}

/** Options without their values; what stands between quotes is a value. */
const optionsOf = (command: string): string[] =>
  [...command.replace(/"[^"]*"|'[^']*'/g, '').matchAll(/(?<=\s)-(?:-[a-z][a-z0-9-]*|[a-z])(?=[\s=]|$)/gi)].map(([option]) => option);

describe('commands in', () => {
  it.each(pages.map((page) => [page, commandsOf(read(page))] as const).filter(([, commands]) => commands.length > 0))(
    '%s',
    (_page, commands) => {
      for (const command of commands) {
        const name = command.split(/\s/, 1)[0]!;
        expect([...options.keys(), 'help'], command).toContain(name);
        for (const option of optionsOf(command)) expect([...(options.get(name) ?? [])], command).toContain(option);
      }
    },
  );

  it('are found', () => {
    expect(commandsOf('```sh\nfreetickets train --out x \\\n  --nonsense # no\n```\nand `freetickets report RUN --no`')).toEqual([
      'train --out x --nonsense',
      'report RUN --no',
    ]);
    expect(optionsOf('train --out x --nonsense -q --title "a --b"')).toEqual(['--out', '--nonsense', '-q', '--title']);
  });
});
