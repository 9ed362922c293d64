/** Layers of a model as rules see them. */
import { type ModelState, type Network, type ParamName, rng } from '@freetickets/sparse-core';
import { liveOf } from './layer-change.ts';
import type { Moment, ReadSignals } from './rewire-order.ts';
import type { LayerView, RuleSignal } from './rules/rule.ts';

/** A layer as rules see it, yet without signals. */
export function viewOf(net: Network, state: ModelState, param: ParamName, moment: Moment): LayerView {
  const draws = rng(moment.seed).stream(moment.stream ?? 'grow', param, moment.step);
  const momentum = state.momentum?.get(param);
  return {
    param,
    shape: net.params.get(param)!.shape,
    live: liveOf(net, state, param),
    values: state.values.get(param)!,
    ...(momentum && { momentum }),
    signals: {},
    random: () => draws.uniform(),
  };
}

export const withSignals = async (view: LayerView, which: readonly RuleSignal[], read: ReadSignals): Promise<LayerView> =>
  which.length === 0 ? view : { ...view, signals: await read(view.param, which) };
