/** R6, R7: every way to damage the newest checkpoint is found, and the one before it is taken. */
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunFolder } from '@freetickets/cli';
import { rng } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, remove, run } from '../e2e/command.ts';
import { record, SEED, tier } from './tier.ts';
import { checkpointsOf, TINY } from './victim.ts';

const home = folder();
const path = join(home, 'run');
const RUN = new RunFolder(path);
let newest = '';
let whole: Buffer;
let headerEnd = 0;
beforeAll(async () => {
  // A small network, so that there is time for every bit.
  expect(await run([...TINY, '--network', networkOf(6), '--out', path])).toMatchObject({ code: 0 });
  newest = join(path, 'checkpoints', checkpointsOf(path)[0]!);
  whole = readFileSync(newest);
  headerEnd = 8 + Number(whole.readBigUInt64LE(0));
  cpSync(newest, join(home, 'kept'));
});
afterAll(() => remove(home));

/** A file with a network of so many hidden units. */
function networkOf(units: number): string {
  const nodes = [
    { id: 'flatten', op: 'flatten', from: ['input'] },
    { id: 'fc1', op: 'linear', from: ['flatten'], out: units },
    { id: 'relu', op: 'relu', from: ['fc1'] },
    { id: 'fc2', op: 'linear', from: ['relu'], out: 10 },
  ];
  const file = join(home, `${units}.json`);
  writeFileSync(file, JSON.stringify({ version: 1, name: 'linear', input: { shape: [1, 8, 8] }, nodes, output: 'fc2' }));
  return file;
}

/** What the loader makes of the run with these bytes for its newest checkpoint. */
async function stepWith(bytes: Uint8Array): Promise<{ step: number | undefined; skipped: readonly string[] }> {
  writeFileSync(newest, bytes);
  const { checkpoint, skipped } = await RUN.newestCheckpoint(1, ({ state }) => state.tickets);
  return { step: checkpoint?.state.step, skipped: skipped.map(({ code, at }) => `${code} ${at.startsWith(newest)}`) };
}

const BEFORE = { step: 20, skipped: ['BAD_FILE true'] };

async function expectFound(bytes: Uint8Array, what: string): Promise<void> {
  expect(await stepWith(bytes), what).toEqual(BEFORE);
}

async function expectFlipFound(at: number, bit: number): Promise<void> {
  const bytes = Buffer.from(whole);
  bytes[at]! ^= 1 << bit;
  await expectFound(bytes, `byte ${at}, bit ${bit}`);
}

describe('the newest checkpoint', () => {
  it('is taken while it is whole', async () => {
    expect(await stepWith(whole)).toEqual({ step: 24, skipped: [] });
  });

  it('is passed over when any bit of its header, or a random one of its body, is flipped', async () => {
    const stream = rng(SEED).stream('flips');
    const bits = headerEnd * 8;
    const inHeader = tier(400, bits);
    for (let i = 0; i < inHeader; i++) {
      const bit = inHeader === bits ? i : stream.below(bits);
      await expectFlipFound(bit >> 3, bit & 7);
    }
    const inBody = tier(100, 10_000);
    for (let i = 0; i < inBody; i++) await expectFlipFound(headerEnd + stream.below(whole.length - headerEnd), stream.below(8));
    record(
      'R6',
      inHeader + inBody,
      `${inHeader} of the ${bits} bits of the header, ${inBody} random ones of the body; all found, the one before taken`,
    );
  });

  it('is passed over at any other length', async () => {
    const stream = rng(SEED).stream('lengths');
    const lengths = tier(150, whole.length);
    for (let i = 0; i < lengths; i++) {
      const length = lengths === whole.length ? i : stream.below(whole.length);
      await expectFound(whole.subarray(0, length), `${length} bytes`);
    }
    const tails = tier(30, 4096);
    for (let i = 1; i <= tails; i++) {
      const more = tails === 4096 ? i : 1 + stream.below(4096);
      await expectFound(Buffer.concat([whole, Buffer.alloc(more, i)]), `${more} bytes more`);
    }
    record('R7', lengths + tails, `${lengths} lengths below the ${whole.length} bytes, ${tails} above; all found, the one before taken`);
  });
});

it('a large checkpoint is refused at any other length', async () => {
  const large = join(home, 'large');
  const options = ['--method', 'dense', '--tickets', '1', '--keep-checkpoints', '1', '--network', networkOf(tier(2000, 60_000))];
  expect(await run([...TINY, ...options, '--out', large])).toMatchObject({ code: 0 });
  const file = join(large, 'checkpoints', checkpointsOf(large)[0]!);
  const { size } = statSync(file);
  const load = () => new RunFolder(large).newestCheckpoint(1, ({ state }) => state.tickets);
  expect((await load()).checkpoint).toBeDefined();
  const refused = { code: 'BAD_FILE', at: file };
  const stream = rng(SEED).stream('large lengths');
  const tails = tier(3, 100);
  for (let i = 0; i < tails; i++) {
    truncateSync(file, size + 1 + stream.below(4096)); // zeros
    await expect(load()).rejects.toMatchObject(refused);
  }
  const lengths = Array.from({ length: tier(50, 1000) }, () => stream.below(size)).sort((a, b) => b - a);
  for (const length of lengths) {
    truncateSync(file, length);
    await expect(load(), `${length} bytes`).rejects.toMatchObject(refused);
  }
  record(
    'R7',
    lengths.length + tails,
    `of a checkpoint of ${size} bytes: ${lengths.length} random lengths below, ${tails} above; all found`,
  );
});
