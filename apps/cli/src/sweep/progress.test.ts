import { describe, expect, it } from 'vitest';
import { defineSweep } from './definition.ts';
import { NO_PROGRESS, nextJob, type Progress } from './progress.ts';

const values = { tickets: 1, method: 'dst', exploreEpochs: 5, refineEpochs: 4, learningRate: [0.1, 0.2, 0.3] };
const asha = { search: 'asha', trials: 3, reduction: 3, rungs: [2] };
const define = (more: object) => defineSweep({ path: 'x.json', values: { ...values, ...more } });

/** Plays a sweep: every run arrives at once, with the metric that `metricOf` tells, or fails where it tells none. */
function play(definition: ReturnType<typeof define>, metricOf: (trial: number, seed: number) => number | undefined): string[] {
  const progress = new Map<string, Progress>();
  const order: string[] = [];
  for (let job = nextJob(definition, progress, new Set()); job; job = nextJob(definition, progress, new Set())) {
    const { run, until } = job;
    const value = metricOf(run.trial, run.seed);
    order.push(`${run.trial}/${run.seed}${until === null ? '' : ` to ${until}`}`);
    const now = progress.get(run.name)!;
    if (value === undefined) progress.set(run.name, { ...now, status: 'failed' });
    else if (until === null) progress.set(run.name, { ...now, status: 'finished', value });
    else progress.set(run.name, { ...now, value, reports: { [until]: value } });
  }
  return order;
}

describe('nextJob', () => {
  it('walks a grid trial by trial, each with all its seeds; a run that fails keeps nobody from going on', () => {
    const order = ['0/17', '0/18', '1/17', '1/18', '2/17', '2/18'];
    expect(play(define({ seed: [17, 18] }), () => 1)).toEqual(order);
    expect(play(define({ seed: [17, 18] }), (trial) => (trial === 0 ? undefined : 1))).toEqual(order);
  });

  it('sends on the trial with the best mean over its seeds, with all of them', () => {
    const means = [
      [0.9, 0.1],
      [0.6, 0.6],
      [0.5, 0.5],
    ];
    const first = [0, 1, 2].flatMap((trial) => [`${trial}/17 to 2`, `${trial}/18 to 2`]);
    expect(play(define({ seed: [17, 18], sweep: asha }), (trial, seed) => means[trial]![seed - 17])).toEqual([...first, '1/17', '1/18']);
  });

  it('takes the smallest of a loss, and a trial with a failed run never', () => {
    const losses = [0.3, 0.2, 0.1];
    const sweep = { ...asha, metric: 'validLoss' };
    expect(play(define({ sweep }), (trial) => losses[trial]).at(-1)).toBe('2/17');
    expect(play(define({ sweep }), (trial) => (trial === 2 ? undefined : losses[trial])).at(-1)).toBe('1/17');
  });

  it('gives no run twice at a time, and goes on with what is under way before it begins anything', () => {
    const definition = define({ seed: [17, 18] });
    const [first, second] = definition.runs as [(typeof definition.runs)[0], (typeof definition.runs)[0]];
    const progress = new Map<string, Progress>([[second.name, { ...NO_PROGRESS, status: 'begun', until: null }]]);
    expect(nextJob(definition, progress, new Set())!.run).toBe(second);
    progress.set(first.name, { ...NO_PROGRESS, status: 'begun', until: null });
    expect(nextJob(definition, progress, new Set([first.name]))!.run).toBe(second);
    expect(nextJob(definition, progress, new Set([first.name, second.name]))!.run).toBe(definition.runs[2]);
  });
});
