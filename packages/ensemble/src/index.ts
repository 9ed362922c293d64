export { type AttackOptions, attack, type ImageGradient, type PixelScale } from './attack.ts';
export { type CombineOptions, combine } from './combine.ts';
export { type Differentiable, ensembleGradient } from './ensemble-gradient.ts';
export { featureModel } from './feature-model.ts';
export { checkSameNetwork, interpolate } from './interpolate.ts';
export { memberCount, memberLogits } from './member-logits.ts';
export { type Ensemble, type EnsembleOptions, openEnsemble } from './open-ensemble.ts';
