/**
 * What a run's model said of the same few pictures after each epoch: `trajectory/` in the run folder, one small file for each member and epoch.
 * A resumed run writes the files of repeated epochs anew, with the same bytes, so nothing has to be cut back.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { logProbabilities, softmax } from '@freetickets/metrics';
import { BLANK_SEAL, decodeSafetensors, encodeSafetensors, requireSeal, SparseError } from '@freetickets/sparse-core';
import { makeFolder, readFileOrExplain, writeFileAtomic } from '@freetickets/sparse-core/node';

export interface ProbedEpoch {
  readonly member: number;
  /** Counted from 1 over the plan of the member. */
  readonly epoch: number;
  /** Pictures. */
  readonly size: number;
  /** ln p, at least ln 1e-12: (size, classes), of a network of several heads (size, heads, classes). */
  readonly logProbabilities: Float32Array;
}

const TENSOR = 'log_probabilities';

/** @param logits as the engine gives them */
export async function saveProbed(
  runPath: string,
  { member, epoch }: Pick<ProbedEpoch, 'member' | 'epoch'>,
  logits: Float32Array,
  size: number,
  classes: number,
): Promise<void> {
  const folder = join(runPath, 'trajectory');
  await makeFolder(folder);
  const data = Float32Array.from(logProbabilities(softmax(logits, classes)));
  const shape = logits.length === size * classes ? [size, classes] : [size, logits.length / (size * classes), classes];
  await writeFileAtomic(
    join(folder, `${member}-${epoch}.safetensors`),
    encodeSafetensors(new Map([[TENSOR, { dtype: 'F32', shape, data }]]), { seal: BLANK_SEAL }),
  );
}

/** By member, then by epoch; none of a run that kept none. @throws SparseError BAD_FILE */
export async function loadProbed(runPath: string): Promise<ProbedEpoch[]> {
  const folder = join(runPath, 'trajectory');
  const names = await readdir(folder).catch(() => []);
  const places = names.flatMap((name) => {
    const [, member, epoch] = /^(\d+)-(\d+)\.safetensors$/.exec(name) ?? [];
    return epoch === undefined ? [] : [{ path: join(folder, name), member: Number(member), epoch: Number(epoch) }];
  });
  places.sort((a, b) => a.member - b.member || a.epoch - b.epoch);
  return Promise.all(
    places.map(async ({ path, ...place }) => {
      const { tensors, metadata } = decodeSafetensors(await readFileOrExplain(path, 'predictions of a run'), path);
      requireSeal(metadata, path);
      const tensor = tensors.get(TENSOR);
      if (tensor?.dtype !== 'F32') throw new SparseError('BAD_FILE', path, `the tensor ${TENSOR} of float32`, tensor?.dtype);
      return { ...place, size: tensor.shape[0]!, logProbabilities: tensor.data };
    }),
  );
}
