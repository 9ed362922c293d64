/**
 * The pages of docs/tutorial, docs/how-to and docs/concepts as their readers follow them: blocks of `sh` are run from top to bottom, each page in
 * a folder of its own; blocks with a file name are saved under it; blocks of TypeScript are programs of docs/examples, which other tests run.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Finished, MAIN, start, temporary } from '../e2e/command.ts';
import { makePictures } from '../e2e/pictures.ts';
import { type Block, blocksOf, lessons, read, root } from './markdown.ts';

const programs = readdirSync(join(root, 'docs/examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => read(`docs/examples/${file}`));

/** What a reader has before the page begins. */
const given: Readonly<Record<string, (home: string) => Promise<void>>> = {
  'docs/tutorial/own-images.md': (home) => makePictures(join(home, 'pictures'), { perClass: 40, shade: 20 }),
};

/** Runs a script in which `freetickets` is the command that was built. */
function bash(script: string, home: string): Promise<Finished> {
  const tools = join(home, '.bin');
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, 'freetickets'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(tools, 'freetickets'), 0o755);
  const PATH = `${tools}${delimiter}${process.env.PATH}`;
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: home,
    env: { ...process.env, PATH, FREETICKETS_CACHE: join(home, '.cache') },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? signal!, stdout, stderr }));
  });
}

class Reader {
  readonly #home = temporary();
  /** Where the page's server listens: a port that is free, and not the one on the page. */
  #server = '';

  static async of(page: string): Promise<Reader> {
    const reader = new Reader();
    await given[page]?.(reader.#home);
    return reader;
  }

  async follow({ language, name, code }: Block): Promise<void> {
    if (language === 'ts') expect(programs).toContain(code);
    else if (name !== '') writeFileSync(join(this.#home, name), code);
    else if (language === 'sh') await this.#run(code);
  }

  async #run(code: string): Promise<void> {
    const [, serving] = /^freetickets (serve .*)$/m.exec(code) ?? [];
    if (serving !== undefined) return this.#serve(serving.split(' '));
    const { code: exit, stderr } = await bash(code.replaceAll('http://127.0.0.1:8000', this.#server), this.#home);
    expect(exit, `${code}\n${stderr}`).toBe(0);
  }

  async #serve(args: readonly string[]): Promise<void> {
    const running = start([...args, '--port', '0'], {}, this.#home);
    await running.said('stdout', /^serving .* at http/m);
    this.#server = /at (http:\/\/[^/]+)\//.exec(running.stdout)![1]!;
  }
}

describe('a reader of', () => {
  it.each(lessons)(
    '%s',
    async (page) => {
      const reader = await Reader.of(page);
      for (const block of blocksOf(read(page))) await reader.follow(block);
    },
    300_000,
  ); // a page starts up to a dozen commands, one after the other
});
