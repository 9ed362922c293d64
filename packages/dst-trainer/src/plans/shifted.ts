import type { Schedule } from '@freetickets/sparse-core';

/** The same schedule on a clock that reads 0 at its time `begin`. */
export function shifted(schedule: Schedule, begin: number): Schedule {
  if (typeof schedule === 'number' || begin === 0) return schedule;
  if (schedule.kind === 'steps') return { ...schedule, changes: schedule.changes.map(([at, value]) => [at - begin, value] as const) };
  if (schedule.kind === 'points') return { ...schedule, points: schedule.points.map(([at, value]) => [at - begin, value] as const) };
  return { ...schedule, begin: (schedule.begin ?? 0) - begin, over: schedule.over - begin };
}
