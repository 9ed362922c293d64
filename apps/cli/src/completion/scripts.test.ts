/** The scripts in real shells: bash and fish are asked what they would offer, zsh has keys typed into it at a terminal of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../command-line.ts';
import { bashScript } from './bash-script.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;
const skipped = (shell: string) => !has(shell) && !process.env.CI;
const titled = (shell: string) => `${shell}${has(shell) ? '' : ` [there is no ${shell}: apt-get install ${shell}]`}`;

/** What is typed, what it is completed to, and what must not be offered. */
const CASES: readonly (readonly [typed: string, offered: string, not: string])[] = [
  ['freetickets tr', 'train', 'sweep'],
  ['freetickets help ev', 'evaluate', 'train'],
  ['freetickets train --explore', '--explore-epochs', '--refine-epochs'],
  ['freetickets train --dataset m', 'mnist', 'cifar10'],
  ['freetickets train --sparsity 0.9 --method batch', 'batch-ensemble', 'dst'],
  ['freetickets train --network lenet-3', 'lenet-300-100', 'lenet-5'],
  ['freetickets compare runs --by spars', 'sparsity', 'method'],
  ['freetickets export run --output o.onnx --lay', '--layout', '--output'],
  ['freetickets bench inf', 'infer', 'step'],
  ['freetickets evaluate pictures', 'pictures', 'notes.txt'],
  ['freetickets train --out pic', 'pictures', 'picture.json'],
  ['freetickets train --config picture.', 'picture.json', 'notes.txt'],
];

/** A further value of one option, which fish takes for an argument of the command. */
const FURTHER = ['freetickets compare runs --by method spars', 'sparsity', 'method'] as const;

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
const script = (shell: string) => join(folder, `freetickets.${shell}`);

beforeAll(() => {
  const commands = commandLine();
  writeFileSync(script('bash'), bashScript(commands));
  writeFileSync(script('zsh'), zshScript(commands));
  writeFileSync(script('fish'), fishScript(commands));
  mkdirSync(join(folder, 'pictures'));
  for (const file of ['picture.json', 'notes.txt']) writeFileSync(join(folder, file), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell offers, one a line; descriptions cut off, slashes of folders too. */
const offersOf = (output: string) => output.split(/\r?\n/).map((line) => line.split('\t')[0]!.trim().replace(/\/$/, ''));

function check(offers: readonly string[], offered: string, not: string): void {
  expect(offers).toContain(offered);
  expect(offers).not.toContain(not);
}

describe.skipIf(skipped('bash'))(titled('bash'), () => {
  it.each([...CASES, FURTHER])('%s', (typed, offered, not) => {
    const words = typed.split(' ').map((word) => `'${word}'`);
    // `compopt` needs a completion under way, which a function called by hand is not.
    const ask = `compopt() { :; }; source ${script('bash')}; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _freetickets; printf '%s\\n' "\${COMPREPLY[@]}"`;
    check(offersOf(execFileSync('bash', ['--norc', '-c', ask], { cwd: folder, encoding: 'utf8' })), offered, not);
  });

  it('takes the value after an equals sign, which bash makes a word of its own', () => {
    const ask = `source ${script('bash')}; COMP_WORDS=(freetickets train --dataset = cif); COMP_CWORD=4; _freetickets; echo "\${COMPREPLY[@]}"`;
    expect(execFileSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' })).toBe('cifar10 cifar100\n');
  });
});

describe.skipIf(skipped('fish'))(titled('fish'), () => {
  it.each(CASES)('%s', (typed, offered, not) => {
    const environment = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
    const ask = ['--no-config', '-c', `source ${script('fish')}; complete -C '${typed}'`];
    check(offersOf(execFileSync('fish', ask, { cwd: folder, encoding: 'utf8', env: environment })), offered, not);
  });
});

describe.skipIf(skipped('zsh'))(titled('zsh'), () => {
  it.each([...CASES, FURTHER])('%s', (typed, offered) => {
    // A shell of its own takes the line and a tab when its prompt is there, and writes down what has become of the line.
    const settings = `autoload -Uz compinit && compinit -u -D; source ${script('zsh')}; cd ${folder}; PS1='READY> '
      keep() { print -r -- "$BUFFER" > ${folder}/line; exit }; zle -N keep; bindkey '^X' keep`;
    writeFileSync(join(folder, '.zshrc'), settings);
    const session = `zmodload zsh/zpty; zpty shell zsh -d -i; zpty -r -m shell screen '*READY> *'
      zpty -n -w shell $'${typed}\\t\\x18'; while zpty -r shell screen; do :; done`;
    execFileSync('zsh', ['-f', '-c', session], { env: { ...process.env, ZDOTDIR: folder, TERM: 'xterm' } });
    const line = readFileSync(join(folder, 'line'), 'utf8').trim();
    expect(line.replace(/[=/]$/, '')).toBe(`${typed.slice(0, typed.lastIndexOf(' '))} ${offered}`);
  });
});
