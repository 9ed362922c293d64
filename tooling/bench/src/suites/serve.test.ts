/** What the table and the ratios of `pnpm bench serve` say about figures given here. */
import { expect, it } from 'vitest';
import { ratiosOf, type ServeCase, tableOf } from './serve.ts';

const of = (name: string, server: string, rates: readonly number[], p99: number): ServeCase => ({
  name,
  server,
  loads: [1, 8, 64].map((clients, k) => ({ clients, rate: rates[k]!, p50: 1, p99: p99 * clients })),
});
const cases = [of('lenet-5', 'FreeTickets, onnxruntime, JSON', [100, 200, 400], 1), of('lenet-5', 'MLServer, JSON', [50, 50, 40], 10)];

it('has the best rate among those whose p99 is within 50 ms', () => {
  const [ours, peer] = tableOf(cases).rows;
  expect(ours).toEqual(['lenet-5', 'FreeTickets, onnxruntime, JSON', '100', '1.00', '200', '8.00', '400', '64.0', '200']);
  expect(peer?.at(-1)).toBe('50');
});

it('divides ours by the peer in the same form, and leaves out who is not there', () => {
  expect(ratiosOf(cases)).toEqual([
    'lenet-5, JSON, onnxruntime, over MLServer: 2.00 / 4.00 / 10.00 at 1 / 8 / 64 clients, 4.00 at the bound.',
  ]);
});
