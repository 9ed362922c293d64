import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainEvent } from '@freetickets/dst-trainer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';

const phase = (name: string): TrainEvent => ({ type: 'phase', phase: name, index: 0, of: 2, epochs: 3, step: 0 });
const rewired: TrainEvent = {
  type: 'rewired',
  phase: 'a',
  step: 5,
  cause: 'interval',
  fraction: 0.5,
  exploration: 0.2,
  layers: [],
  deltas: [],
};

describe('EventLog', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freetickets-log-'));
    path = join(folder, 'events.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes one object a line and counts bytes, not characters', async () => {
    const log = await EventLog.open(path, 0);
    await log.append(1, phase('exploré'));
    await log.append(1, rewired);
    await log.flush();
    await log[Symbol.asyncDispose]();
    const bytes = await readFile(path);
    expect(log.position).toEqual({ bytes: bytes.length, hash: createHash('sha256').update(bytes).digest('hex') });
    const [first, second, end] = bytes.toString().split('\n');
    expect(JSON.parse(first!)).toEqual({ member: 1, ...phase('exploré') });
    expect(JSON.parse(second!)).toEqual({
      member: 1,
      type: 'rewired',
      phase: 'a',
      step: 5,
      cause: 'interval',
      fraction: 0.5,
      exploration: 0.2,
      layers: [],
    });
    expect(end).toBe('');
  });

  it("is cut back to the checkpoint's length, half a line included, and goes on from there", async () => {
    await writeFile(path, 'kept\nlost\nhalf a li');
    const log = await EventLog.open(path, 5);
    await log.append(0, phase('a'));
    await log[Symbol.asyncDispose]();
    expect(await readFile(path, 'utf8')).toBe(`kept\n${JSON.stringify({ member: 0, ...phase('a') })}\n`);
  });

  it('that goes on is a new file: who still writes to the old one changes nothing', async () => {
    const stale = await EventLog.open(path, 0);
    await stale.append(0, phase('a'));
    await stale.flush();
    const { bytes } = stale.position;
    const log = await EventLog.open(path, bytes);
    await stale.append(0, phase('stale'));
    await log.append(0, phase('b'));
    await stale[Symbol.asyncDispose]();
    await log[Symbol.asyncDispose]();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).phase)).toEqual(['a', 'b']);
    expect(log.position.hash).toBe(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  });

  it('is not made longer than it is', async () => {
    await writeFile(path, 'short');
    await expect(EventLog.open(path, 6)).rejects.toThrow(
      `${path}: expected at least the 6 bytes that the checkpoint knows of, received 5 bytes`,
    );
    expect(await readFile(path, 'utf8')).toBe('short');
  });
});
