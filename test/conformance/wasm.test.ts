/** The kernels compiled to WebAssembly, in each variant that runs here. */
import { wasmEngine, wasmStatus } from '@freetickets/engine-sparse';
import { engineCases } from './engine.cases.ts';

for (const variant of wasmStatus().variants) engineCases(`wasm/${variant}`, () => wasmEngine({ variant }));
