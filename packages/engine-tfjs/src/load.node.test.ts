import { describe, expect, it } from 'vitest';
import { loadTfjs } from './load.node.ts';

describe('loadTfjs', () => {
  it('takes the backend that it is told, and without a word the fastest that is installed', async () => {
    for (const backend of ['wasm', 'cpu'] as const) expect((await loadTfjs(backend)).getBackend()).toBe(backend);
    expect((await loadTfjs()).getBackend()).toBe('wasm');
  });

  it('says which packages were missed, and the command that mends it', async () => {
    const error = await loadTfjs('tensorflow').then(String, String);
    expect(error).toBe(
      'SparseError: TensorFlow.js: expected the backend tensorflow, received no package @tensorflow/tfjs-node-gpu, no package @tensorflow/tfjs-node. Run: freetickets setup tensorflow',
    );
  });
});
