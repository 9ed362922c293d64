/** The command `completion`: what a shell needs to complete commands, options and their values. */
import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash-script.ts';
import { commandShapes } from '../completion/command-shape.ts';
import { fishScript } from '../completion/fish-script.ts';
import { zshScript } from '../completion/zsh-script.ts';
import { addCommand, type Common, withOutput } from '../options.ts';
import { talk } from '../talk.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(root: Command): void {
  const command = addCommand(root, 'completion', 'Prints the completion of commands, options and values for a shell.', [
    'completion bash > ~/.local/share/bash-completion/completions/freetickets',
    'completion zsh > "$fpath[1]/_freetickets"',
    'completion fish > ~/.config/fish/completions/freetickets.fish',
  ]).addArgument(new Argument('<SHELL>', 'whose').choices(Object.keys(SCRIPTS)));
  withOutput(command).action((shell: keyof typeof SCRIPTS, { json, quiet }: Common) => {
    const script = SCRIPTS[shell](commandShapes(root));
    talk({ json, quiet }).result({ shell, script }, script.trimEnd());
  });
}
