/** Tensors of a request are views of the message that came, also when it is large and the tensor in its midst. */
import { expect, it } from 'vitest';
import { readInferRequest } from './infer-message.ts';
import { messageType } from './schema.ts';

it('copies no raw tensor', () => {
  const type = messageType('inference.ModelInferRequest');
  const inputs = ['a', 'b'].map((name) => ({ name, datatype: 'UINT8', shape: [1000] }));
  const raw = [new Uint8Array(1000).fill(1), new Uint8Array(1000).fill(2)];
  const message = Buffer.from(type.encode(type.fromObject({ model_name: 'm', inputs, raw_input_contents: raw })).finish());
  const read = readInferRequest(message);
  expect(read.inputs.map(({ bytes }) => bytes.buffer === message.buffer)).toEqual([true, true]);
  message.fill(3);
  expect(read.inputs.map(({ bytes }) => [...new Set(bytes)])).toEqual([[3], [3]]);
});
