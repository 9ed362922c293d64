/** ModelStreamInfer: order, failures, and many requests at once. */
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { echo, encode, type Fields, failsWith, floats, input, later, plain, startBeforeEach, wireType } from '../../testing/grpc-echo.ts';
import { ServiceError } from '../service-error.ts';
import { messageType } from './schema.ts';

startBeforeEach();

describe('ModelStreamInfer', () => {
  const type = messageType('inference.ModelStreamInferResponse');
  type Answer = { error_message?: string; infer_response: { id: string; raw_output_contents: Buffer[] } };

  /** Sends messages on one stream; what came back until the server ended it. */
  function stream(messages: readonly Buffer[], metadata = new Metadata()): Promise<Answer[]> {
    const rpc = echo.client.makeBidiStreamRequest('/inference.GRPCInferenceService/ModelStreamInfer', plain, plain, metadata);
    const answers: Answer[] = [];
    for (const message of messages) rpc.write(message);
    rpc.end();
    return new Promise((resolve, reject) => {
      rpc.on('data', (bytes: Buffer) => answers.push(type.toObject(type.decode(bytes)) as Answer));
      rpc.on('error', reject);
      rpc.on('end', () => resolve(answers));
    });
  }
  const message = (id: string, fields: Fields = {}) =>
    encode(wireType, { model_name: 'm', id, inputs: [input()], raw_input_contents: [floats(1, 2)], ...fields });

  it('answers in order, whatever finishes first', async () => {
    const { promise: last, resolve: finish } = later();
    echo.answer = async ({ id }) => {
      if (id === '0') await last;
      if (id === '4') finish();
    };
    const answers = await stream(['0', '1', '2', '3', '4'].map((id) => message(id)));
    expect(answers.map(({ infer_response }) => infer_response.id)).toEqual(['0', '1', '2', '3', '4']);
    expect(answers[0]!.infer_response.raw_output_contents).toEqual([Buffer.from(floats(1, 2))]);
  });

  it('answers 500 requests that were sent at once', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => String(i));
    const answers = await stream(ids.map((id) => message(id)));
    expect(answers.map(({ infer_response }) => infer_response.id)).toEqual(ids);
  });

  it('goes on after a request that failed', async () => {
    echo.answer = async ({ id }) => {
      if (id === 'b') throw new ServiceError('queue-full', 'too much waits');
    };
    const answers = await stream([message('a'), message('b'), message('c', { raw_input_contents: [] }), Buffer.from([0xff]), message('e')]);
    expect(answers.map(({ error_message = '' }) => error_message)).toEqual([
      '',
      'too much waits',
      expect.stringContaining('2 elements'),
      expect.stringContaining('ModelInferRequest'),
      '',
    ]);
    expect(answers[1]!.infer_response.id).toBe('b');
  });

  it('lets nobody past the gate', async () => {
    const wrong = new Metadata();
    wrong.set('authorization', 'Bearer wrong');
    await failsWith(status.UNAUTHENTICATED, stream([message('a')], wrong));
  });
});
