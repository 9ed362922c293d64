export { bestEngine, nativeEngine, referenceEngine } from './engine.node.ts';
export { type NativeStatus, nativeStatus } from './native.node.ts';
