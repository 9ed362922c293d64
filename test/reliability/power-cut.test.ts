/**
 * R8: what a power cut may leave. A run is recorded call by call; then, for random moments, the disk is made up as POSIX allows: what was flushed is
 * there, of all else any part may be, in any order. The loader has to find a whole checkpoint that is at least as new as the last
 * one whose saving was over.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunFolder } from '@freetickets/cli';
import { rng, type Stream } from '@freetickets/sparse-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, remove } from '../e2e/command.ts';
import { type DiskCall, diskCalls } from './disk-calls.ts';
import { record, SEED, tier } from './tier.ts';
import { NO_STRACE, straceWorks, TINY, traced } from './victim.ts';

const home = folder();
afterAll(() => remove(home));

const path = join(home, 'run');
let calls: readonly DiskCall[] = [];

beforeAll(async () => {
  if (!straceWorks) return;
  const log = join(home, 'log');
  const trace = ['-y', '-xx', '-s', '1000000', '-o', log, '-e', 'trace=openat,pwrite64,fsync,rename,unlink,mkdir'];
  expect((await traced(trace, [...TINY, '--out', path])).code).toBe(0);
  calls = diskCalls(readFileSync(log, 'latin1'), path);
});

interface File {
  readonly writes: { readonly at: number; readonly bytes: Buffer; durable: boolean }[];
}
interface Entry {
  readonly call: DiskCall;
  readonly file?: File;
  durable: boolean;
}

/**
 * What is on disk after a power cut when the first `count` calls were made.
 * @param chance that what was not flushed is there: from nearly nothing to nearly all
 */
function afterPowerCut(count: number, stream: Stream, chance = stream.uniform()): Map<string, Buffer> {
  const entries: Entry[] = [];
  const open = new Map<string, File>();
  for (const call of calls.slice(0, count)) {
    if (call.kind === 'write') open.get(call.path)?.writes.push({ at: call.at, bytes: call.bytes, durable: false });
    else if (call.kind === 'flush') {
      for (const write of open.get(call.path)?.writes ?? []) write.durable = true;
      for (const entry of entries) if (dirname(entry.call.path) === call.path) entry.durable = true;
    } else {
      const file = call.kind === 'create' ? { writes: [] } : open.get(call.kind === 'rename' ? call.from : call.path);
      if (call.kind === 'rename') open.delete(call.from);
      if (call.kind === 'unlink') open.delete(call.path);
      else if (file) open.set(call.path, file);
      entries.push({ call, ...(file && { file }), durable: false });
    }
  }
  const names = new Map<string, File | 'folder'>();
  for (const { call, file, durable } of entries) {
    if (!durable && stream.uniform() >= chance) continue;
    if (call.kind === 'mkdir') names.set(call.path, 'folder');
    else if (call.kind === 'unlink') names.delete(call.path);
    else {
      if (call.kind === 'rename') names.delete(call.from);
      if (file) names.set(call.path, file);
    }
  }
  const there = (name: string): boolean => dirname(name) === '.' || (names.get(dirname(name)) === 'folder' && there(dirname(name)));
  return new Map(
    [...names].flatMap(([name, file]) => (file === 'folder' || !there(name) ? [] : [[name, contentOf(file, chance, stream)] as const])),
  );
}

/** Durable writes whole; of others none, all, or a part, with zeros before what was skipped. */
function contentOf({ writes }: File, chance: number, stream: Stream): Buffer {
  let content = Buffer.alloc(0);
  for (const { at, bytes, durable } of writes) {
    const part = durable || stream.uniform() < chance ? bytes : bytes.subarray(0, stream.below(bytes.length + 1));
    if (part.length === 0) continue;
    const longer = Buffer.alloc(Math.max(content.length, at + part.length));
    content.copy(longer);
    part.copy(longer, at);
    content = longer;
  }
  return content;
}

const stepOf = (name: string): number => Number(/^checkpoints\/0-(\d+)\.safetensors$/.exec(name)?.[1] ?? -1);

/** Of the newest checkpoint that was renamed, and its folder flushed, among the first `count` calls. */
function promised(count: number): number {
  let [renamed, safe] = [-1, -1];
  for (const call of calls.slice(0, count)) {
    if (call.kind === 'rename') renamed = Math.max(renamed, stepOf(call.path));
    if (call.kind === 'flush' && call.path === 'checkpoints') safe = renamed;
  }
  return safe;
}

describe('a power cut', () => {
  const title = 'leaves a whole checkpoint, at least as new as the last one that was saved';
  it.skipIf(!straceWorks)(straceWorks ? title : `${title} ${NO_STRACE}`, async () => {
    const saved = new Map(calls.flatMap((call) => (call.kind === 'rename' ? [[call.path, finalContent(call.path)] as const] : [])));
    expect([...saved.keys()].map(stepOf).filter((step) => step >= 0)).toEqual([4, 6, 8, 12, 16, 18, 20, 24]);
    const stream = rng(SEED).stream('cuts');
    const cuts = tier(60, 2000);
    let older = 0;
    for (let i = 0; i < cuts; i++) {
      const count = 1 + stream.below(calls.length);
      const left = afterPowerCut(count, stream);
      const at = join(home, `cut-${i}`);
      for (const [name, content] of left) {
        mkdirSync(join(at, dirname(name)), { recursive: true });
        writeFileSync(join(at, name), content);
      }
      const { checkpoint, skipped } = await new RunFolder(at).newestCheckpoint(1, ({ state }) => state.tickets);
      const found = checkpoint?.state.step ?? -1;
      expect(found, `cut ${i}, after ${count} calls`).toBeGreaterThanOrEqual(promised(count));
      if (skipped.length > 0) older++;
      if (checkpoint) {
        const name = `checkpoints/0-${found}.safetensors`;
        expect(sha256(left.get(name)!), `cut ${i}: ${name}`).toBe(sha256(saved.get(name)!));
      }
      remove(at);
    }
    record(
      'R8',
      cuts,
      `states of the disk after any of ${calls.length} calls; never older than the last save that was over; ${older} with damaged ones passed over`,
    );
  });
});

function finalContent(name: string): Buffer {
  const rename = calls.findIndex((call) => call.kind === 'rename' && call.path === name);
  const { from } = calls[rename] as Extract<DiskCall, { kind: 'rename' }>;
  const writes = calls
    .slice(0, rename)
    .flatMap((call) => (call.kind === 'write' && call.path === from ? [{ ...call, durable: true }] : []));
  return contentOf({ writes }, 1, rng(0).stream());
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the record of a run', () => {
  it.skipIf(!straceWorks)('makes up the files that the run has', () => {
    const files = afterPowerCut(calls.length, rng(0).stream(), 1);
    for (const name of ['run.json', 'events.jsonl', 'tickets/ticket-1.safetensors', 'checkpoints/0-24.safetensors'])
      expect(files.get(name)?.equals(readFileSync(join(path, name))), name).toBe(true);
  });
});
