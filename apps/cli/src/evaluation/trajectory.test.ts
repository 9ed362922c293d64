import { describe, expect, it } from 'vitest';
import { checkTrajectory, trajectoryOf } from './trajectory.ts';

/** Two trainings that start together and go apart along different axes. */
const epochs = [0, 1].flatMap((member) =>
  Array.from({ length: 10 }, (_, k) => ({
    member,
    epoch: k + 1,
    size: 2,
    logProbabilities: Float32Array.from({ length: 8 }, (_, i) => (i % 2 === member ? -5 - k : -0.1)),
  })),
);

describe('trajectoryOf', () => {
  it('puts epochs of one training together and the trainings apart', () => {
    const { points, pictures, perplexity } = trajectoryOf(epochs, 3);
    expect([pictures, perplexity]).toEqual([2, 19 / 3]);
    expect(points.map(({ member, epoch }) => [member, epoch])).toEqual(epochs.map(({ member, epoch }) => [member, epoch]));
    const distance = (a: number, b: number) => Math.hypot(points[a]!.x - points[b]!.x, points[a]!.y - points[b]!.y);
    // Of every point in the later half the nearest is of its own training.
    for (const own of [5, 6, 7, 8, 9, 15, 16, 17, 18, 19]) {
      const others = points.map((_, index) => index).filter((index) => index !== own);
      const nearest = others.reduce((best, index) => (distance(own, index) < distance(own, best) ? index : best));
      expect(points[nearest]!.member).toBe(points[own]!.member);
    }
  });

  it('is the same for one seed', () => {
    expect(trajectoryOf(epochs, 3)).toEqual(trajectoryOf(epochs, 3));
    expect(trajectoryOf(epochs, 4).points).not.toEqual(trajectoryOf(epochs, 3).points);
  });
});

describe('checkTrajectory', () => {
  it('refuses a run that kept nothing, or too little', () => {
    expect(() => checkTrajectory('runs/a', [])).toThrow(
      '--trajectory: expected a run that kept its predictions (runs/a) after at least 4 epochs, received a run that kept none. freetickets train --keep-trajectory 128 keeps them',
    );
    expect(() => checkTrajectory('runs/a', epochs.slice(0, 3))).toThrow('received one of 3');
    checkTrajectory('runs/a', epochs.slice(0, 4));
  });
});
