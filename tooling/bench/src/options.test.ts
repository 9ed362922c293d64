import { isAbsolute } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  it('has a default for everything', () => {
    const { suites, settings, out, dry, help } = parseOptions([]);
    expect({ suites, dry, help }).toEqual({ suites: [], dry: false, help: false });
    expect(settings).toMatchObject({ quick: false, pace: { rounds: 7, leastMs: 300 }, engine: 'native', seed: 17, only: '' });
    expect(isAbsolute(out)).toBe(true);
  });

  it('takes suites and options in any order', () => {
    const args = ['step', '--rounds', '3', 'infer', '--least', '0', '--threads', '1', '--only', 'wrn', '--engine', 'native/avx2', '--dry'];
    const { suites, settings, dry } = parseOptions(args);
    expect(suites).toEqual(['step', 'infer']);
    expect(settings).toMatchObject({ pace: { rounds: 3, leastMs: 0 }, threads: 1, only: 'wrn', engine: 'native/avx2' });
    expect(dry).toBe(true);
  });

  it('is quick in one round', () => {
    expect(parseOptions(['--quick', '--rounds', '9']).settings).toMatchObject({ quick: true, pace: { rounds: 1 } });
  });

  it.each([
    [['--rounds', '0'], '--rounds: expected a whole number of at least 1, received "0"'],
    [['--threads', 'two'], '--threads: expected a whole number of at least 1, received "two"'],
    [['--round', '3'], "pnpm bench: expected options that it knows, received others (Unknown option '--round'"],
    [['--only'], "Option '--only <value>' argument missing"],
  ])('%j is refused with a sentence', (args, message) => {
    expect(() => parseOptions(args)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining(message) }),
    );
  });
});
