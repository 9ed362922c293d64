import type { initialState, ModelState, Network, NetworkSpec, Stream } from '@freetickets/sparse-core';

export declare function randomNetwork(stream: Stream): NetworkSpec;
export declare function randomState(net: Network, stream: Stream, initial: typeof initialState): ModelState;
