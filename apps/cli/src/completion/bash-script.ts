/** Completion for bash 4 and newer: one function, which looks up what the last option or the command takes. */
import type { CommandShape, OptionShape } from './command-shape.ts';

export function bashScript(commands: readonly CommandShape[]): string {
  const names = [...commands.map(({ name }) => name), 'help', '--help', '--version'];
  return `# Completion of freetickets for bash, made by: freetickets completion bash
_freetickets() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} option= given=0 takes= words= paths= at
  [[ $current == = ]] && current=
  COMPREPLY=()
  # The option that the word at the cursor may belong to, and how many values stand between them.
  for ((at = COMP_CWORD - 1; at > 1; at--)); do
    case \${COMP_WORDS[at]} in
      -*) option=\${COMP_WORDS[at]}; break ;;
      =) ;;
      *) ((given++)) ;;
    esac
  done
  if ((COMP_CWORD == 1)); then
    words='${names.join(' ')}'
  elif [[ $command == help ]]; then
    words='${names.slice(0, -3).join(' ')}'
  else
    case "$command $option" in
${grouped(commands)}
    esac
    [[ $takes == one && $given -gt 0 || $current == -* ]] && takes=
    if [[ -z $takes ]]; then
      words= paths=
      case $command in
${commands.map((command) => `        ${command.name}) ${positional(command)} ;;`).join('\n')}
      esac
      if [[ $current == -* ]]; then
        paths=
        case $command in
${commands.map(({ name, options }) => `          ${name}) words='${[...options.flatMap(spellings), '--help'].join(' ')}' ;;`).join('\n')}
        esac
      fi
    fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ -n $paths ]] && compopt -o filenames && mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen $paths -- "$current")
}
complete -F _freetickets freetickets
`;
}

const COMPGEN = { none: '', files: '-f', folders: '-d' } as const;

/** What comes after an option: one line for all options that take the same. */
function grouped(commands: readonly CommandShape[]): string {
  const patterns = new Map<string, string[]>();
  for (const { name, options } of commands)
    for (const option of options.filter(({ takes }) => takes !== 'none')) {
      const action = `takes=${option.takes === 'several' ? 'several' : 'one'}${assignments(option)}`;
      patterns.set(action, [...(patterns.get(action) ?? []), ...spellings(option).map((flag) => `'${name} ${flag}'`)]);
    }
  return [...patterns].map(([action, all]) => `      ${all.join('|')}) ${action} ;;`).join('\n');
}

const assignments = ({ values, paths }: Pick<OptionShape, 'values' | 'paths'>): string =>
  `${values.length > 0 ? ` words='${values.join(' ')}'` : ''}${paths === 'none' ? '' : ` paths=${COMPGEN[paths]}`}`;

/** What a command takes without an option. */
function positional({ arguments: [first] }: CommandShape): string {
  return (first && assignments(first).trim()) || ':';
}

const spellings = ({ short, long }: OptionShape): string[] => (short === undefined ? [long] : [short, long]);
