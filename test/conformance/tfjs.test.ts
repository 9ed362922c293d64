/** The dense, masked engine on TensorFlow.js, on the backend in WebAssembly. */
import { tfjsEngine } from '@freetickets/engine-tfjs';
import { loadTfjs } from '@freetickets/engine-tfjs/node';
import { engineCases } from './engine.cases.ts';

engineCases('tfjs/wasm', async () => tfjsEngine(await loadTfjs('wasm')));
