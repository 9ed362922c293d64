import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTicket, readFileOrExplain, saveTicket, writeFileAtomic } from './files.node.ts';
import { network } from './network.ts';
import { rng } from './rng.ts';
import { checkSeal, sealed } from './seal.node.ts';
import { BLANK_SEAL } from './seal.ts';
import { initialState } from './state.ts';
import { decodeTicket, encodeTicket } from './ticket-file.ts';

const net = network({
  version: 1,
  name: 'tiny',
  input: { shape: [6] },
  nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 4 }],
  output: 'fc',
});
const state = initialState(net, new Map([['fc.weight', { shape: [4, 6], live: Uint32Array.of(1, 5, 20) }]]), 3);

let folder = '';
let path = '';
let whole: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sparse-core-seal-'));
  path = join(folder, 'ticket.safetensors');
  await saveTicket(path, state);
  whole = await readFile(path);
});
afterAll(() => rm(folder, { recursive: true }));

/** As `loadTicket` reads, without the disk. */
function read(bytes: Uint8Array): void {
  checkSeal(bytes, 'ticket');
  decodeTicket(bytes, 'ticket');
}

const detected = (bytes: Uint8Array): boolean => {
  try {
    read(bytes);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ name: 'SparseError', code: 'BAD_FILE' });
    return true;
  }
};

describe('a seal', () => {
  it('is the SHA-256 of the file with its own digits as zeros', () => {
    const text = whole.toString('latin1');
    const [mark, digits] = /freetickets-sha256:([0-9a-f]{64})/.exec(text)!;
    expect(
      createHash('sha256')
        .update(Buffer.from(text.replace(mark, BLANK_SEAL), 'latin1'))
        .digest('hex'),
    ).toBe(digits);
    expect(detected(whole)).toBe(false);
  });

  it('finds every flipped bit of a ticket, header and body', () => {
    const missed: string[] = [];
    for (let at = 0; at < whole.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1 << bit;
        if (!detected(bytes)) missed.push(`byte ${at}, bit ${bit}`);
      }
    expect(missed).toEqual([]);
  });

  it('finds every truncation, and what follows the end', () => {
    for (let length = 0; length < whole.length; length++) expect(detected(whole.subarray(0, length)), `${length} bytes`).toBe(true);
    const stream = rng(1).stream('tail');
    for (const more of [1, 2, 7, 8, 512, 4096]) {
      const tail = Uint8Array.from({ length: more }, () => stream.below(256));
      expect(detected(Buffer.concat([whole, tail])), `${more} bytes more`).toBe(true);
    }
  });

  it('leaves bytes without one as they are, and a blank one unchecked', () => {
    const plain = Buffer.from('no seal here');
    expect(sealed(plain)).toEqual([plain]);
    expect(() => checkSeal(plain, 'plain')).not.toThrow();
    expect(() => read(encodeTicket(state))).not.toThrow();
  });

  it('that was filled in is not filled in anew: a copy of damaged bytes stays damaged', async () => {
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 1]! ^= 1;
    const copy = join(folder, 'copy.safetensors');
    await writeFileAtomic(copy, damaged);
    await expect(loadTicket(copy)).rejects.toThrow(`${copy}: expected the bytes that its seal (SHA-256) was made of`);
  });

  it('may stand anywhere in a file', async () => {
    const file = join(folder, 'notes.txt');
    await writeFileAtomic(file, `before ${BLANK_SEAL} after`);
    expect(new TextDecoder().decode(await readFileOrExplain(file, 'notes'))).toMatch(/^before freetickets-sha256:[0-9a-f]{64} after$/);
    await writeFile(file, (await readFile(file, 'utf8')).replace('after', 'later'));
    await expect(readFileOrExplain(file, 'notes')).rejects.toMatchObject({ code: 'BAD_FILE', at: file });
  });
});
