/**
 * The last moments from which a run can go on: `checkpoints/<member>-<step>.safetensors`, the newest few of them. A checkpoint is either not
 * there or whole: it is written beside its place, flushed and renamed, and every byte is under its seal. Older ones are removed only when
 * a newer one is on disk.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint, type TrainState } from '@freetickets/dst-trainer';
import { SparseError } from '@freetickets/sparse-core';
import { makeFolder, readFileOrExplain, type WriteOptions, writeFileAtomic } from '@freetickets/sparse-core/node';
import { z } from 'zod';

const count = z.int().min(0);

const POSITION = z.object({
  member: count,
  log: z.object({ bytes: count, hash: z.string() }),
  /** Training time of the members before. */
  earlierSeconds: z.number().min(0),
  /** Of the lease under which it was written. */
  token: count,
  /** What the run was by then. */
  identity: z.record(z.string(), z.string()),
});

/** Where a run stands. */
export type RunCheckpoint = Readonly<z.output<typeof POSITION>> & { readonly state: TrainState };

export interface FoundCheckpoint {
  /** Undefined where there is none at all: the run was stopped before its first. */
  readonly checkpoint?: RunCheckpoint;
  /** Newer ones that cannot be used, with the reason. */
  readonly skipped: readonly SparseError[];
}

interface Place {
  readonly path: string;
  readonly member: number;
  readonly step: number;
}

export class CheckpointStore {
  readonly #folder: string;

  constructor(runPath: string) {
    this.#folder = join(runPath, 'checkpoints');
  }

  /**
   * @param keep how many stay, this one included
   * @throws SparseError as `writeFileAtomic`; those before are untouched then
   */
  async save(checkpoint: RunCheckpoint, keep: number, options: WriteOptions): Promise<void> {
    const { state, ...position } = checkpoint;
    await makeFolder(this.#folder);
    const path = join(this.#folder, `${position.member}-${state.step}.safetensors`);
    await writeFileAtomic(path, encodeCheckpoint(state, { run: JSON.stringify(position) }), options);
    await this.removeBeyond(keep);
  }

  /** @param keep how many of the newest stay; more do where they cannot be removed, until the next time */
  async removeBeyond(keep: number): Promise<void> {
    for (const { path } of (await this.#places()).slice(keep)) await rm(path, { force: true }).catch(() => {});
  }

  /** To be called when the run goes on from `checkpoint`: those after it are damaged, and will be made again. */
  async removeAfter({ member, state }: RunCheckpoint): Promise<void> {
    for (const place of await this.#places())
      if (place.member > member || (place.member === member && place.step > state.step)) await rm(place.path, { force: true });
  }

  /**
   * The newest that is whole.
   * @param members of the run
   * @param check throws a SparseError when what the checkpoint counts on, such as the log, is not there
   * @throws SparseError BAD_FILE when there are checkpoints and none is whole
   */
  async newest(members: number, check: (checkpoint: RunCheckpoint) => Promise<void>): Promise<FoundCheckpoint> {
    const skipped: SparseError[] = [];
    for (const { path } of await this.#places()) {
      try {
        const checkpoint = await load(path, members);
        await check(checkpoint);
        return { checkpoint, skipped };
      } catch (error) {
        if (!(error instanceof SparseError)) throw error;
        skipped.push(error);
      }
    }
    if (skipped.length <= 1) {
      if (skipped[0]) throw skipped[0];
      return { skipped };
    }
    const all = new Error(skipped.map(({ message }) => message).join('; '));
    throw new SparseError('BAD_FILE', this.#folder, 'a checkpoint that is whole', all, 'Put one back, or remove them all to start over');
  }

  /** Newest first. */
  async #places(): Promise<Place[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const places = names.flatMap((name) => {
      const [, member, step] = /^(\d+)-(\d+)\.safetensors$/.exec(name) ?? [];
      return step === undefined ? [] : [{ path: join(this.#folder, name), member: Number(member), step: Number(step) }];
    });
    return places.sort((a, b) => b.member - a.member || b.step - a.step);
  }
}

async function load(path: string, members: number): Promise<RunCheckpoint> {
  const { state, meta } = decodeCheckpoint(await readFileOrExplain(path, 'a checkpoint'), path);
  const position = POSITION.safeParse(parse(meta.run));
  if (!position.success || position.data.member >= members)
    throw new SparseError('BAD_FILE', path, `the position in a run of ${members} members`, meta);
  return { ...position.data, state };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined; // which is no position
  }
}
