import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellWords } from './shell-words.ts';

describe('shellWords', () => {
  it('is read back by a shell word for word', () => {
    const words = ['plain', 'a space', `it's "quoted"`, '$(x) `y` \\', 'two\nlines', '*', '', '--run=/a/b', 'ünï'];
    const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${shellWords(words)}`], { encoding: 'utf8' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });

  it('leaves plain words as people write them', () => {
    expect(shellWords(['node', '/a/b.js', '--threads', '2'])).toBe('node /a/b.js --threads 2');
  });
});
