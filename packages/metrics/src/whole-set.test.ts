import { describe, expect, it } from 'vitest';
import { golden, labels, prediction } from '../test/golden.ts';
import {
  accuracy,
  brier,
  gatherPredictions,
  type Metric,
  memberPrediction,
  nll,
  predictionOf,
  takeRows,
  topKAccuracy,
  topLabel,
} from './index.ts';

function score(metric: Metric): number {
  metric.update(prediction, labels);
  return metric.value();
}

describe('plain scores', () => {
  it('agree with scikit-learn and torch-uncertainty within 1e-10', () => {
    expect(score(accuracy())).toBeCloseTo(golden.plain.accuracy!, 10);
    expect(score(topKAccuracy(2))).toBeCloseTo(golden.plain.top2!, 10);
    expect(score(topKAccuracy(3))).toBeCloseTo(golden.plain.top3!, 10);
    expect(score(nll())).toBeCloseTo(golden.plain.nll!, 10);
    expect(score(brier())).toBeCloseTo(golden.plain.brier!, 10);
  });
  it('nll of a uniform prediction is ln C', () => {
    const metric = nll();
    metric.update(predictionOf(new Float64Array(8).fill(1 / 8), 8), Int32Array.of(3));
    expect(metric.value()).toBeCloseTo(Math.log(8), 14);
  });
});

describe('topKAccuracy', () => {
  it('is accuracy at 1 and certain at the number of classes', () => {
    expect(score(topKAccuracy(1))).toBe(score(accuracy()));
    expect(score(topKAccuracy(5))).toBe(1);
  });
  it('ranks equal probabilities by class', () => {
    const tied = predictionOf(Float32Array.of(0.2, 0.4, 0.2, 0.2), 4);
    const within = [0, 1, 2, 3].map((label) => {
      const metric = topKAccuracy(2);
      metric.update(tied, Int32Array.of(label));
      return metric.value();
    });
    expect(within).toEqual([1, 1, 0, 0]);
  });
  it('does not merge with another k, nor take k below 1', () => {
    expect(() => topKAccuracy(2).merge(topKAccuracy(3))).toThrow('top2Accuracy.merge');
    expect(() => topKAccuracy(0)).toThrow('topKAccuracy.k: expected a whole number of at least 1, received 0');
  });
});

describe('gatherPredictions', () => {
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, k) => from + k);
  it('puts batches and merged parts together again', () => {
    const [first, second] = [gatherPredictions(), gatherPredictions()];
    first.update(takeRows(prediction, rows(0, 20)), labels.slice(0, 20));
    first.update(takeRows(prediction, rows(20, 21)), labels.slice(20, 21));
    second.update(takeRows(prediction, rows(21, 75)), labels.slice(21));
    first.merge(second);
    expect(first.value()).toEqual({ prediction, labels });
  });
  it('copies, so that an engine may reuse its buffers', () => {
    const gathered = gatherPredictions();
    const batch = takeRows(prediction, rows(0, 3));
    gathered.update(batch, labels.slice(0, 3));
    batch.probs.fill(0);
    batch.memberProbs.fill(0);
    expect(gathered.value().prediction).toEqual(takeRows(prediction, rows(0, 3)));
  });
  it('is empty at first, and refuses another ensemble', () => {
    const gathered = gatherPredictions();
    expect(gathered.value().labels).toHaveLength(0);
    gathered.update(prediction, labels);
    expect(() => gathered.update(memberPrediction(prediction, 0), labels)).toThrow('gatherPredictions: prediction: expected 4 members');
  });
});

describe('takeRows and predictionOf', () => {
  it('take rows in any order, more than once, for every member', () => {
    const taken = takeRows(
      { size: 2, classes: 1, members: 2, probs: Float32Array.of(1, 2), memberProbs: Float32Array.of(3, 4, 5, 6) },
      Uint32Array.of(1, 1, 0),
    );
    expect(taken).toEqual({
      size: 3,
      classes: 1,
      members: 2,
      probs: Float32Array.of(2, 2, 1),
      memberProbs: Float32Array.of(4, 4, 3, 6, 6, 5),
    });
  });
  it('refuse ragged probabilities and labels that do not fit', () => {
    expect(() => predictionOf(new Float32Array(5), 2)).toThrow('probs: expected rows of 2 classes, received "5 numbers"');
    expect(() => topLabel(new Float32Array(4), new Int32Array(3))).toThrow('probs: expected one row for each of 3 labels');
    expect(() => topLabel(new Float32Array(4), Int32Array.of(0, 2))).toThrow('labels[1]: expected a class from 0 to 1, received 2');
    expect(() => topLabel(new Float32Array(0), new Int32Array(0))).toThrow('at least one sample');
  });
});
