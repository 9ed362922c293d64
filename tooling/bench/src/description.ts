/** The machine, as a result records it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { type Machine, machine } from '@freetickets/cli';

export interface MachineDescription extends Machine {
  readonly system: string;
  /** As Linux names them: `L1 data 48K`. Empty elsewhere. */
  readonly caches: readonly string[];
  /** Vector extensions that Linux lists. */
  readonly vectorExtensions: readonly string[];
}

export const describeMachine = (): MachineDescription => ({
  ...machine(),
  system: `${process.platform} ${release()}`,
  caches: caches(),
  vectorExtensions: vectorExtensions(),
});

const CACHES = '/sys/devices/system/cpu/cpu0/cache';

function caches(): string[] {
  if (!existsSync(CACHES)) return [];
  const read = (index: string, file: string) => readFileSync(`${CACHES}/${index}/${file}`, 'utf8').trim();
  return readdirSync(CACHES)
    .filter((name) => name.startsWith('index'))
    .sort()
    .map((index) => `L${read(index, 'level')} ${read(index, 'type').toLowerCase()} ${read(index, 'size')}`);
}

function vectorExtensions(): string[] {
  if (!existsSync('/proc/cpuinfo')) return [];
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  return flags.filter((flag) => /^(sse4_2|avx|fma|f16c|asimd|sve)/.test(flag));
}
