/** The kernels compiled to WebAssembly. */
import { wasmEngine } from '@freetickets/engine-sparse';
import { engineCases } from './engine.cases.ts';

engineCases('wasm', () => wasmEngine());
