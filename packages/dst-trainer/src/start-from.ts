/** A run that starts from a model that was trained before, here or elsewhere: what must fit, and what is taken over. */
import {
  checkState,
  liveCounts,
  type ModelState,
  type Network,
  type NetworkSpec,
  parameterCount,
  SparseError,
} from '@freetickets/sparse-core';
import { check } from './plans/checks.ts';
import type { Plan } from './plans/plan.ts';
import { startSparsity } from './plans/start-sparsity.ts';

/** A model's sparsity may differ by this much from that of the plan. */
const TOLERANCE = 0.001;

/** Values and topology, in the run's own network; the optimizer starts afresh. */
export const modelFrom = ({ topology, values }: ModelState, { spec }: Network): ModelState => ({ spec, topology, values, step: 0 });

/**
 * @param network that is trained, which members may share
 * @throws SparseError SHAPE_MISMATCH for a model of another network, INVALID_ARGUMENT for a plan that does not start with such a model
 */
export function checkStart(from: ModelState, network: Network, plan: Plan, at = 'from'): void {
  const difference = differenceOf(from.spec, network.spec);
  if (difference)
    throw new SparseError('SHAPE_MISMATCH', at, `a model of ${network.spec.name}`, from.spec.name, `They differ in ${difference}`);
  checkState(network, from, at);
  check(plan.ratios === undefined, 'plan.ratios', 'none beside a model to start from', plan.ratios, 'Its live weights are known');
  check(plan.structure === undefined, 'plan.structure', 'none beside a model to start from', plan.structure?.kind);
  const { live, sparsifiable } = parameterCount(network, liveCounts(network, from.topology));
  const sparsity = sparsifiable === 0 ? 0 : 1 - live / sparsifiable;
  const wanted = startSparsity(plan);
  const sparser = wanted === 0 ? 'Sparse models go with static, dst and edst' : 'Ask for the sparsity of the model';
  const hint = sparsity > wanted ? sparser : 'A model can be pruned as it is imported';
  const fits = Math.abs(sparsity - wanted) <= TOLERANCE;
  check(fits, at, `a model of sparsity ${wanted}, with which the method ${plan.method} starts`, Number(sparsity.toFixed(4)), hint);
}

/** The first part in which two specs differ, their names aside. */
function differenceOf(one: NetworkSpec, other: NetworkSpec): string | undefined {
  const differ = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  if (differ(one.input, other.input)) return `the input: shape (${one.input.shape}) and (${other.input.shape})`;
  const node = one.nodes.find((mine, i) => differ(mine, other.nodes[i])) ?? other.nodes[one.nodes.length];
  if (node) return `the node ${node.id}`;
  return differ([one.output, one.heads ?? 1], [other.output, other.heads ?? 1]) ? 'the output' : undefined;
}
