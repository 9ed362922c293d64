/** The options of `freetickets status`, and what it prints. */
import type { Command } from 'commander';
import { type ClusterStatus, type MemberStatus, statusOf } from '../cluster/status.ts';
import { addCommand, type Common, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { counted, durationText, table } from '../text.ts';

export function statusCommand(root: Command): void {
  const command = addCommand(root, 'status', 'How far the members of a run or a sweep have come, by their folders alone.', [
    'status runs/dst',
    'status sweeps/methods --json',
  ]).argument('<DIR>', 'run folder, or folder of a sweep');
  withOutput(command).action(async (path: string, { json, quiet }: Common) => {
    const status = await statusOf(path);
    talk({ json, quiet }).result(status, statusText(status));
  });
}

function statusText({ path, members, isWhole }: ClusterStatus): string {
  const rows = members.map((member) => [
    String(member.index),
    member.run,
    String(member.member),
    member.state,
    `${member.epochs}/${member.of}`,
    member.validAccuracy === null ? '-' : member.validAccuracy.toFixed(4),
    durationText(member.seconds),
    member.host ?? '-',
  ]);
  const reasons = members.flatMap(({ index, reason }) => (reason === undefined ? [] : [`${index}: ${reason}`]));
  return [
    table(['task', 'run', 'member', 'state', 'epochs', 'validAccuracy', 'training', 'on'], rows),
    ...(reasons.length > 0 ? ['', `${counted(reasons.length, 'task')} failed for good:`, ...reasons] : []),
    '',
    nextText(path, members, isWhole),
  ].join('\n');
}

function nextText(path: string, members: readonly MemberStatus[], isWhole: boolean): string {
  const states = ['finished', 'training', 'stopped', 'waiting', 'failed'] as const;
  const counts = states.flatMap((wanted) => {
    const count = members.filter(({ state }) => state === wanted).length;
    return count === 0 ? [] : [`${count} ${wanted}`];
  });
  if (isWhole) return `${counts.join(', ')}; assembled`;
  if (members.every(({ state }) => state === 'finished')) return `${counts.join(', ')}; next: freetickets assemble ${path}`;
  return counts.join(', ');
}
