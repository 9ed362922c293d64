import { expect, it, vi } from 'vitest';
import type { Link } from './link.ts';
import { Team } from './team.ts';

/** A team of one whose first helper never answers, what it has said, and which of its links were closed. */
function teamOfOne(patienceSeconds?: number) {
  const [notices, closed]: [string[], Link[]] = [[], []];
  const start = (): Link => {
    const link: Link = { ask: () => ({ sent: Promise.resolve(), answer: new Promise(() => {}) }), close: () => void closed.push(link) };
    return link;
  };
  const team = new Team({
    helpers: 1,
    start,
    onNotice: (notice) => notices.push(notice),
    ...(patienceSeconds !== undefined && { patienceSeconds }),
  });
  return { team, notices, closed, link: team.links[0]! };
}

it.each([
  [0, 60],
  [12.05, 180], // 60 + 120.5
])('waits for a helper, after %f s of work here, for %i s, then replaces it', async (secondsHere, most) => {
  vi.useFakeTimers();
  try {
    const { team, notices, closed, link } = teamOfOne();
    void team.waitFor(link, new Promise(() => {}), secondsHere);
    await vi.advanceTimersByTimeAsync(most * 1000 - 1);
    expect([team.links, closed, notices]).toEqual([[link], [], []]);
    await vi.advanceTimersByTimeAsync(1);
    expect(closed).toEqual([link]);
    expect(team.links).not.toContain(link);
    expect(team.links).toHaveLength(1);
    expect(notices).toEqual([`A helper was lost (it did not answer for ${most} s); another takes its place`]);
  } finally {
    vi.useRealTimers();
  }
});

it('stops waiting when the answer is there, whatever it is', async () => {
  vi.useFakeTimers();
  try {
    const { team, closed, link } = teamOfOne();
    expect(await team.waitFor(link, Promise.resolve(7))).toBe(7);
    await expect(team.waitFor(link, Promise.reject(new Error('dead')))).rejects.toThrow('dead');
    expect(vi.getTimerCount()).toBe(0);
    expect(closed).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

it('does not count time in which this process could not listen', async () => {
  const { team, closed, link } = teamOfOne(2);
  const answer = new Promise((resolve) => setTimeout(resolve, 1));
  const waited = team.waitFor(link, answer);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500); // as a long step does, or SIGSTOP
  await waited;
  expect(closed).toEqual([]);
});
