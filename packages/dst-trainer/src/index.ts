export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export type {
  CheckpointEvent,
  EpochEvent,
  PhaseEvent,
  ProgressEvent,
  RewiredEvent,
  RewiredLayer,
  TicketEvent,
  TrainEvent,
} from './events.ts';
export { type Explored, explored, type Fired } from './explored.ts';
export { type PlanCost, planCost } from './plan-cost.ts';
export { dense } from './plans/dense.ts';
export { dst } from './plans/dst.ts';
export { type EdstOptions, edst } from './plans/edst.ts';
export type { Phase, Plan } from './plans/plan.ts';
export type { DynamicPlanOptions, PlanOptions, SparsePlanOptions } from './plans/plan-options.ts';
export { METHODS, type Method, plansFor } from './plans/plans-for.ts';
export type { SingleRunOptions } from './plans/single-run.ts';
export { staticSparse } from './plans/static-sparse.ts';
export { rewireLayer } from './rewire-layer.ts';
export { type Rewiring, rigl, set } from './rewiring.ts';
export { gradient } from './rules/gradient.ts';
export { magnitude } from './rules/magnitude.ts';
export { random } from './rules/random.ts';
export type { DropRule, GrowRule, LayerView } from './rules/rule.ts';
export { type TrainRun, train } from './train.ts';
export type { EpochSums, TicketCandidate, TrainState } from './train-state.ts';
