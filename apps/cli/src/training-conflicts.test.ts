import { describe, expect, it } from 'vitest';
import { resolveExperiment } from './experiment.ts';
import type { Flags } from './experiment-fields.ts';

const MNIST = { dataset: 'mnist', data: 'mnist/' };

describe('options of training that make no sense together', () => {
  it.each<[Flags, string]>([
    [{ optimizer: 'adamw', momentum: '0.9' }, '--momentum: expected no value, because only the optimizer sgd would read it, received 0.9'],
    [
      { optimizer: 'adamw', nesterov: 'true' },
      '--nesterov: expected no value, because only the optimizer sgd would read it, received true',
    ],
    [{ beta1: '0.9' }, '--beta1: expected no value, because only the optimizer adamw would read it'],
    [{ beta2: '0.9', optimizer: 'sgd' }, '--beta2: expected no value, because only the optimizer adamw would read it'],
    [{ averageFrom: '0.5' }, '--average-from: expected no value, because only an average (ema or swa) would read it'],
    [{ nesterov: 'true', momentum: '0' }, '--nesterov: expected false beside a momentum of 0'],
    [{ patience: '3', profile: 'ref' }, '--patience: expected no value, because the profile ref escapes by a gradient'],
    [{ patience: '3', method: 'snapshot' }, '--patience: expected no value, because the method snapshot takes its tickets where a cycle'],
    [
      { ...MNIST, augmentation: 'imagenet' },
      '--augmentation: expected another augmentation, because 8 % of a grey 28x28 picture of mnist, which imagenet may leave of it, shows nothing',
    ],
    [{ mixup: '0.2', batchSize: '1' }, '--mixup: expected no value, because a batch of 1 has no second picture to mix with, received 0.2'],
    [{ processes: '2' }, '--processes: expected at most 1, the parts of a batch (--shards), of which each process takes some, received 2'],
    [{ shards: '3', processes: '4' }, '--processes: expected at most 3'],
    [{ shards: '129' }, '--shards: expected at most 128, the samples of a batch, received 129'],
    [{ shards: '2', engine: 'tfjs' }, '--shards: expected no value, because the engine tfjs computes a batch as a whole'],
    [{ mixup: '0.2', method: 'mimo' }, '--mixup: expected no value, because every row of the method mimo'],
    [{ optimizer: 'adam' }, '--optimizer: expected one of sgd, adamw, received "adam". Did you mean adamw?'],
    [{ nesterov: 'yes' }, '--nesterov: expected true or false, received "yes"'],
    [{ average: 'ema:1' }, '--average: expected swa, or ema:DECAY with a decay between 0 and 1, received "ema:1"'],
    [{ average: 'ema:0.0' }, '--average: expected swa, or ema:DECAY'],
    [{ labelSmoothing: '1' }, '--label-smoothing: expected a number from 0 to below 1, received 1'],
    [{ patience: '0' }, '--patience: expected a whole number of at least 1, received 0'],
    [{ learningRate: '-1' }, '--learning-rate: expected a number above 0 or a schedule, received -1'],
    [{ mixup: '0' }, '--mixup: expected a number above 0, received 0'],
  ])('%j', (flags, message) => expect(() => resolveExperiment(flags)).toThrow(message));

  it.each<[object, string]>([
    [{ kind: 'cosin', from: 0.1, to: 0, over: 4 }, 'exp.json: learningRate: expected a number above 0 or a schedule'],
    [{ kind: 'linear', from: 0.1, to: 0 }, 'exp.json: learningRate: expected'],
    [{ kind: 'linear', from: 0.1, to: 0, over: 4, until: 3 }, 'exp.json: learningRate: expected'],
    [{ kind: 'steps', start: 0.1, changes: [[1, -0.1]] }, 'exp.json: learningRate: expected'],
  ])('a file with the schedule %j', (learningRate, message) => {
    expect(() => resolveExperiment({}, { path: 'exp.json', values: { learningRate } })).toThrow(message);
  });

  it('a schedule for a method that has its own', () => {
    const values = { method: 'fge', learningRate: { kind: 'linear', from: 0.1, to: 0, over: 4 } };
    expect(() => resolveExperiment({}, { path: 'exp.json', values })).toThrow(
      'exp.json: learningRate: expected a number, because the method fge has a schedule of its own',
    );
  });
});
