export { checkEngine } from './check-run.ts';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export { DEATH_RATES, type DeathRate, type DeathRateOptions } from './death-rate.ts';
export type {
  CheckpointEvent,
  EpochEvent,
  FaultEvent,
  PhaseEvent,
  ProgressEvent,
  RewiredEvent,
  RewiredLayer,
  StoppedEvent,
  TicketEvent,
  TrainEvent,
} from './events.ts';
export { type Explored, explored, type Fired } from './explored.ts';
export type { DenseArrays } from './gradient-average.ts';
export { GUARD_ACTIONS, type Guard } from './guard.ts';
export { ONE_PASS, type OnePass } from './one-pass/one-pass.ts';
export { sharedNetwork } from './one-pass/shared-form.ts';
export type { Shard } from './parallel/cut-batch.ts';
export type { Asked, Link, ShardRequest } from './parallel/link.ts';
export { shardServer } from './parallel/shard-server.ts';
export { type Sharding, shardedEngine } from './parallel/sharded-engine.ts';
export { Team, type TeamOptions } from './parallel/team.ts';
export { type PlannedPhase, planCalendar } from './plan-calendar.ts';
export { epochFlops, type PlanCost, planCost } from './plan-cost.ts';
export { stepsPerEpoch, ticketCount } from './plan-counts.ts';
export { dense } from './plans/dense.ts';
export { dst } from './plans/dst.ts';
export { type EdstOptions, edst } from './plans/edst.ts';
export { type FgeOptions, fge } from './plans/fge.ts';
export { type GmpOptions, gmp } from './plans/gmp.ts';
export { type LtrOptions, ltr } from './plans/ltr.ts';
export { BASES, type OnePassDefaults, type OnePassOptions, onePassPlan } from './plans/one-pass-plan.ts';
export type { OptimizerOptions } from './plans/optimizer-options.ts';
export { oneShot, type PfOptions, type PrunedPlanOptions, pf } from './plans/pf.ts';
export { type Averaging, type Opening, type Phase, type Plan, RATIOS, type Ratios } from './plans/plan.ts';
export type { DynamicPlanOptions, PlanOptions, SparsePlanOptions } from './plans/plan-options.ts';
export { METHODS, type Method, plansFor } from './plans/plans-for.ts';
export type { SingleRunOptions } from './plans/single-run.ts';
export { snapshot } from './plans/snapshot.ts';
export { staticSparse } from './plans/static-sparse.ts';
export { CLEAN, PROFILES, type Profile, REF, REF_DENSE } from './profile.ts';
export { byMagnitude } from './redistribution/by-magnitude.ts';
export { byMomentum } from './redistribution/by-momentum.ts';
export { byNonzeros } from './redistribution/by-nonzeros.ts';
export { type ReestimateOptions, reestimateNorms } from './reestimate-norms.ts';
export { rewireLayer } from './rewire-layer.ts';
export { type Pruning, type Rewiring, rigl, set } from './rewiring.ts';
export { globalMagnitude } from './rules/global-magnitude.ts';
export { gradient } from './rules/gradient.ts';
export { magnitude } from './rules/magnitude.ts';
export { type MixOptions, mix } from './rules/mix.ts';
export { momentum } from './rules/momentum.ts';
export { momentumPerNeuron } from './rules/momentum-per-neuron.ts';
export { random } from './rules/random.ts';
export { randomByCoin } from './rules/random-by-coin.ts';
export { randomUnfired } from './rules/random-unfired.ts';
export { DROP_RULES, GROW_RULES, REDISTRIBUTIONS, type RuleOptions } from './rules/registry.ts';
export type { DropRule, GrowRule, LayerView, Openings, RedistributionRule, RuleSignal, RuleSignals } from './rules/rule.ts';
export { signAware } from './rules/sign-aware.ts';
export { taylor } from './rules/taylor.ts';
export { threshold } from './rules/threshold.ts';
export { checkStart } from './start-from.ts';
export type { Structure } from './structure.ts';
export { type TrainRun, train } from './train.ts';
export type { EpochSums, TicketCandidate, TrainState } from './train-state.ts';
