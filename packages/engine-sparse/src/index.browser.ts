/** What a browser gets of this package: everything but what needs Node. Bundlers take it by the export condition `browser`. */
export { bestEngine } from './engine.browser.ts';
export { referenceEngine, wasmEngine } from './engines.ts';
export { type WasmStatus, wasmStatus } from './wasm.ts';
