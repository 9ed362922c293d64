/** Completion for fish: one line for each command, option and argument, with the help beside it. */
import { briefly, type CommandShape, type OptionShape } from './command-shape.ts';

export const fishScript = (
  commands: readonly CommandShape[],
): string => `# Completion of freetickets for fish, made by: freetickets completion fish
function __freetickets_at
    set -l words (commandline -opc)
    if test (count $argv) -eq 0
        test (count $words) -eq 1
    else
        test (count $words) -gt 1; and test "$words[2]" = "$argv[1]"
    end
end
complete -c freetickets -f
complete -c freetickets -n __freetickets_at -l help -d 'print the help'
complete -c freetickets -n __freetickets_at -l version -d 'print the version'
${commands.map(({ name, about }) => line('__freetickets_at', `-a ${name} -d ${quoted(briefly(about))}`)).join('\n')}
${line('__freetickets_at', "-a help -d 'Prints the help of a command'")}
${line("'__freetickets_at help'", `-a ${quoted(commands.map(({ name }) => name).join(' '))}`)}
${commands.flatMap(commandLines).join('\n')}
`;

const line = (condition: string, rest: string): string => `complete -c freetickets -n ${condition} ${rest}`;

function commandLines({ name, arguments: all, options }: CommandShape): string[] {
  const condition = quoted(`__freetickets_at ${name}`);
  const positional = all
    .slice(0, 1)
    .flatMap(({ values, paths }) => (values.length > 0 || paths !== 'none' ? [offers({ values, paths })] : []));
  return [...options.map(optionLine), "-l help -d 'print this help'", ...positional].map((rest) => line(condition, rest));
}

function optionLine({ short, long, takes, help, values, paths }: OptionShape): string {
  const flags = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)} -d ${quoted(briefly(help))}`;
  if (takes === 'none') return flags;
  return `${flags} ${takes === 'at most one' ? '' : '-r '}${offers({ values, paths })}`.trimEnd();
}

/** Files where the option takes some, and the values. */
function offers({ values, paths }: Pick<OptionShape, 'values' | 'paths'>): string {
  const files = { none: '-f', files: '-F', folders: "-f -a '(__fish_complete_directories)'" }[paths];
  return values.length > 0 ? `${files} -a ${quoted(values.join(' '))}` : files;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
