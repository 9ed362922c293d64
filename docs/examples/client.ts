import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@freetickets/client';
import { serve } from '@freetickets/inference';
import { toOnnx } from '@freetickets/onnx-export';
import { erk, initialState, lenet5, network, randomTopology } from '@freetickets/sparse-core';

// A server of this process and three untrained tickets stand in for `freetickets serve digits.onnx`.
const net = network(lenet5());
const tickets = [1, 2, 3].map((seed) => initialState(net, randomTopology(net, erk()(net, 0.8), seed), seed));
const path = join(tmpdir(), 'client.onnx');
await writeFile(path, toOnnx(tickets));
const server = await serve({ models: { digits: { path } }, port: 0 });

const client = connect(server.address);
const images = { shape: [2, 1, 28, 28], data: new Float32Array(2 * 784) };
const { outputs } = await client.infer('digits', { inputs: { images }, parameters: { uncertainty: true } });
console.log(outputs.probabilities?.shape); // [2, 10]
console.log(outputs.mutual_information?.data); // what the tickets disagree about, in nats
await server.close();
