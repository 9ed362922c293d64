import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOnnx, toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, lenet5, network, randomTopology } from '@freetickets/sparse-core';

// Three untrained tickets stand in for trained ones, which `loadTicket(path)` of '@freetickets/sparse-core/node' reads.
const net = network(lenet5());
const tickets = [1, 2, 3].map((seed) => initialState(net, randomTopology(net, erk()(net, 0.8), seed), seed));

const path = join(tmpdir(), 'digits.onnx');
const bytes = toOnnx(tickets, { classes: [...'0123456789'], normalization: { mean: [0.1307], std: [0.3081] } });
await writeFile(path, bytes);
console.log(describeOnnx(bytes, path).outputs); // probabilities (batch, 10) and member_probabilities (batch, 3, 10)
