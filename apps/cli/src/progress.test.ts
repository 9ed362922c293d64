import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { progressBar } from './progress.ts';
import type { Talk } from './talk.ts';

/** A terminal of 40 columns that keeps what is written to it. */
function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream: Object.assign(stream, { isTTY, columns: 40 }) as unknown as NodeJS.WriteStream, text: () => chunks.join('') };
}

function listening(quiet = false): { said: string[]; talk: Talk } {
  const said: string[] = [];
  return { said, talk: { quiet, say: (line) => said.push(line), result() {} } };
}

describe('progressBar', () => {
  it('off a terminal draws nothing and says lines plainly', () => {
    const { stream, text } = terminal(false);
    const { said, talk } = listening();
    const bar = progressBar({ label: 'training', total: 10 }, talk, stream);
    bar.update(5, 'loss 0.1');
    bar.say('epoch 1');
    bar.stop();
    expect(text()).toBe('');
    expect(said).toEqual(['epoch 1']);
  });

  it('with --quiet draws nothing on a terminal either', () => {
    const { stream, text } = terminal(true);
    progressBar({ label: 'training', total: 10 }, listening(true).talk, stream).stop();
    expect(text()).toBe('');
  });

  it('on a terminal says lines whole, cuts the bar at its width and clears it at the end', () => {
    const { stream, text } = terminal(true);
    const bar = progressBar({ label: 'training', total: 10, done: 2 }, listening().talk, stream);
    bar.update(5, 'epoch 3, and a note that is much longer than this terminal is wide');
    const line = 'epoch 1: a line that is longer than forty columns, which wraps and is kept';
    bar.say(line);
    bar.stop();
    expect(text()).toContain(`${line}\n`);
    expect(text()).toContain('50 %');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals are told
    const [, ...drawn] = text().split(/\u001b\[\d*[A-Z]/);
    const bars = drawn.filter((piece) => piece.startsWith('training'));
    expect(bars.length).toBeGreaterThan(0);
    for (const piece of bars) expect(piece.length).toBeLessThanOrEqual(40);
    expect(text().endsWith('\u001b[0J')).toBe(true);
  });
});
