/**
 * Batch-norm statistics of a model whose weights were not trained together with them: an average of states, or a point between two models.
 * What training gathered as a running average is replaced by the plain mean over batches of training data.
 */
import {
  type Engine,
  type ModelState,
  type Network,
  type NetworkSpec,
  network,
  type ParamName,
  type PassOptions,
  type Source,
  withoutMoments,
} from '@freetickets/sparse-core';

export interface ReestimateOptions {
  /** How many batches, from the first on. Default: all of the source. */
  readonly batches?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Order and augmentation as of this epoch. Default: file order, pictures as they are. */
  readonly shuffle?: PassOptions['shuffle'];
  readonly threads?: number | undefined;
}

/**
 * The state with new running means and variances: the means over batches of each batch's mean and unbiased variance. Weights stay as they are.
 * A network without batch norm comes back as it was.
 * @param source training data
 * @throws SparseError as `engine.open`
 * @source `torch.optim.swa_utils.update_bn`
 */
export async function reestimateNorms(
  engine: Engine,
  net: Network,
  state: ModelState,
  source: Source,
  { batches = Number.POSITIVE_INFINITY, batchSize = 128, shuffle, threads }: ReestimateOptions = {},
): Promise<ModelState> {
  const statistics = [...net.params].flatMap(([param, { kind }]) => (kind.startsWith('running') ? [param] : []));
  if (statistics.length === 0) return state;
  const spec = forgetful(net.spec);
  // At a learning rate of 0 nothing else changes; buffers of an optimiser would only be carried along.
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  await using session = await engine.open(
    network(spec),
    { ...withoutMoments(state), spec },
    { batchSize, optimizer, ...(threads !== undefined && { threads }) },
  );
  const sums = new Map<ParamName, Float64Array>(statistics.map((param) => [param, new Float64Array(state.values.get(param)!.length)]));
  let seen = 0;
  for await (const batch of source.batches({ batchSize, ...(shuffle && { shuffle }) })) {
    await session.trainStep(batch, { learningRate: 0, dropoutSeed: seen });
    const { values } = await session.snapshot();
    for (const [param, sum] of sums) for (const [i, value] of values.get(param)!.entries()) sum[i]! += value;
    if (++seen >= batches) break;
  }
  const means = [...sums].map(([param, sum]) => [param, Float32Array.from(sum, (total) => total / seen)] as const);
  return { ...state, values: new Map([...state.values, ...means]) };
}

/** Batch norms that keep the statistics of the last batch only. */
const forgetful = (spec: NetworkSpec): NetworkSpec => ({
  ...spec,
  nodes: spec.nodes.map((node) => (node.op === 'batchNorm' ? { ...node, momentum: 1 } : node)),
});
