import type { initialState, ModelState, Network, NetworkSpec, Stream } from '@freetickets/sparse-core';

export declare function randomNetwork(stream: Stream): NetworkSpec;
export declare function randomState(net: Network, stream: Stream, initial: typeof initialState): ModelState;
export declare const PATTERNS: readonly string[];
export declare function patterned(pattern: string, net: Network, state: ModelState, stream: Stream): ModelState;
export declare function moved(state: ModelState, stream: Stream): ModelState;
