export { bestEngine, nativeEngine } from './engine.node.ts';
export { referenceEngine, wasmEngine } from './engines.ts';
export { type NativeStatus, nativeStatus } from './native.node.ts';
export {
  type LayerProfile,
  type OperationProfile,
  openProfiler,
  type Profile,
  type ProfileOptions,
  type Profiler,
  plannedBytes,
} from './profile.node.ts';
export { type WasmStatus, wasmStatus } from './wasm.ts';
