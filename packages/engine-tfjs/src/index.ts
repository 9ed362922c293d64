export { tfjsEngine } from './engine.ts';
export type { TensorflowModule } from './tensorflow-module.ts';
