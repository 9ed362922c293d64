/**
 * A network and the size of its topology, compiled: where everything lies and which operations make a prediction or a training step.
 * Any executor runs the same plan. Rewiring keeps the plan; only the index arrays of the changed layers are filled anew.
 */
import { type Network, SparseError, type Topology } from '@freetickets/sparse-core';
import { type Backward, emitBackward } from './backward.ts';
import { emitFolds, emitForward } from './forward.ts';
import type { Operation } from './ops.ts';
import { type LayerPlace, PLAIN, Placement, type PlacementOptions } from './placement.ts';
import { makePool } from './pool.ts';
import { denseTaps, fillBackward, fillDenseBackward, fillDenseForward, fillForward } from './taps.ts';
import { emitUpdates } from './update.ts';

export interface Plan {
  readonly place: Placement;
  readonly batchSize: number;
  /** What changes with the weights only: their order for the kernels, and, where nothing is trained, folded batch norms. */
  readonly pack: readonly Operation[];
  readonly predict: readonly Operation[];
  /** Forward, loss, backward; `keepStep` computes the dense gradients, and has those of live weights from them. */
  readonly step: readonly Operation[];
  readonly keepStep: readonly Operation[];
  readonly update: readonly Operation[];
  /** Forward with running statistics, loss, backward to the images. */
  readonly inputGradient: readonly Operation[];
  readonly backward: Backward | undefined;
}

/** Records hold 32-bit offsets. */
const MOST_FLOATS = 2 ** 31 - 1;

export function makePlan(net: Network, topology: Topology, options: PlacementOptions): Plan {
  const { place, backward } = placed(net, topology, options);
  if (place.arena.floatCount > MOST_FLOATS) {
    const bytes = `${Math.ceil(place.arena.floatCount / 2 ** 28)} GiB`;
    throw new SparseError('INVALID_ARGUMENT', 'batchSize', 'a plan of at most 8 GiB', bytes, 'Use smaller batches');
  }
  const forward = options.train ? emitForward(place, true) : [];
  const classes = net.classes * net.heads;
  const store: Operation = { op: 'store', logits: place.tensor(net.spec.output).view, classes, out: place.logits };
  const steps = backward?.operations ?? [];
  const folds = emitFolds(place);
  const predicted = emitForward(place, false);
  return {
    place,
    batchSize: options.batchSize,
    pack: [...place.layers.values()].flatMap((layer) => packLayer(place, layer)).concat(options.train ? [] : folds),
    predict: [...(options.train ? folds : []), ...predicted, store],
    step: options.train ? [...forward, ...steps.filter((o) => o.when !== 'kept').map((o) => o.operation)] : [],
    keepStep: options.train ? [...forward, ...steps.filter((o) => o.when !== 'plain').map((o) => o.operation)] : [],
    update: options.train ? [...emitRunning(place), ...emitUpdates(place, options.optimizer ?? PLAIN)] : [],
    inputGradient: options.train ? [] : [...predicted, ...steps.map((o) => o.operation)],
    backward,
  };
}

/** A large training step is placed twice: the first time shows which tensors live at the same time, so that the others can share memory. */
function placed(net: Network, topology: Topology, options: PlacementOptions): Pick<Plan, 'place' | 'backward'> {
  const place = new Placement(net, topology, options);
  const backward = place.keeps ? emitBackward(place) : undefined;
  if (!place.large) return { place, backward };
  const shared = new Placement(net, topology, options, makePool(place.arena.lives));
  return { place: shared, backward: emitBackward(shared) };
}

function packLayer(place: Placement, layer: LayerPlace): Operation[] {
  const { forward, backward } = layer;
  const source = place.params.get(layer.param)!.values;
  const ops: Operation[] = [{ op: 'pack', out: layer.forwardWeights, source, order: forward.order, count: forward.packed }];
  if (backward) ops.push({ op: 'pack', out: layer.backwardWeights, source, order: backward.order, count: backward.packed });
  return ops;
}

function emitRunning(place: Placement): Operation[] {
  return [...place.norms].map(([id, norm]): Operation => {
    const at = (suffix: 'running_mean' | 'running_var') => place.params.get(`${id}.${suffix}`)!;
    const mean = at('running_mean');
    return {
      op: 'running',
      channels: mean.count,
      runningMean: mean.values,
      runningVariance: at('running_var').values,
      mean: norm.mean,
      variance: norm.variance,
      momentum: norm.momentum,
    };
  });
}

/** Fills the index arrays of one layer; `live` undefined: dense. */
export function indexLayer(plan: Plan, ints: Int32Array, layer: LayerPlace, live: Uint32Array | undefined): void {
  const { arena } = plan.place;
  const { forward, backward, window, count, input, positions } = layer;
  if (positions >= 0) ints.set(live!, positions);
  if (forward.dense) fillDenseForward(ints, forward, window, live, input, arena.lanes);
  else fillForward(ints, forward, window, live, count, input, arena.lanes);
  const gradient = plan.backward?.gradients.get(layer.node.id);
  if (!backward || !gradient) return;
  if (backward.dense) fillDenseBackward(ints, backward, window, live, gradient.view, arena.lanes);
  else fillBackward(ints, backward, window, live, count, gradient.view, arena.lanes);
}

/** Fills the index arrays of the dense read-outs; they never change. */
export function indexDense(plan: Plan, ints: Int32Array): void {
  const { lanes } = plan.place.arena;
  for (const { layer, taps } of plan.backward?.dense ?? []) ints.set(denseTaps(layer.window, layer.input, lanes), taps);
}
