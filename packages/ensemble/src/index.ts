export { type CombineOptions, combine } from './combine.ts';
export { type Ensemble, type EnsembleOptions, openEnsemble } from './open-ensemble.ts';
