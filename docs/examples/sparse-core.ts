import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { erk, forwardFlops, initialState, network, parameterCount, randomTopology, wideResNet } from '@freetickets/sparse-core';
import { loadTicket, saveTicket } from '@freetickets/sparse-core/node';

const net = network(wideResNet({ depth: 16, widen: 2, classes: 10 })); // a spec, checked; every shape known
const counts = erk()(net, 0.9); // live weights per layer, exact
const state = initialState(net, randomTopology(net, counts, 17), 17);
console.log(parameterCount(net, counts)); // { total: 691674, sparsifiable: 689840, live: 68984 }
console.log(forwardFlops(net, counts) / forwardFlops(net)); // 0.1709...

const path = join(tmpdir(), 'ticket.safetensors');
await saveTicket(path, state, { provenance: { seed: 17 } }); // PyTorch reads it: load_state_dict(load_file(path))
const ticket = await loadTicket(path);
console.log(ticket.state.topology.get('conv1.weight'), ticket.info); // undefined, for ERK keeps conv1 dense; { provenance: { seed: 17 } }
