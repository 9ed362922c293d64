export { bestEngine, nativeEngine, referenceEngine } from './engine.ts';
export { type NativeStatus, nativeStatus } from './native.node.ts';
