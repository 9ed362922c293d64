/** Completion for zsh, by its own function `_arguments`, with the help beside each option. */
import { type ArgumentShape, briefly, type CommandShape, type OptionShape } from './command-shape.ts';

export const zshScript = (commands: readonly CommandShape[]): string => `#compdef freetickets
# Completion of freetickets for zsh, made by: freetickets completion zsh
_freetickets() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${quoted('(- *)--help[print the help]')} ${quoted('(- *)--version[print the version]')} \\
    '1:command:->command' '*::argument:->rest'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, about }) => `        ${quoted(`${name}:${about}`)}`).join('\n')}
        'help:Prints the help of a command.'
      )
      _describe -t commands command commands ;;
    rest)
      case $words[1] in
${commands.map(commandCase).join('\n')}
        help) _arguments ${quoted(`1:command:(${commands.map(({ name }) => name).join(' ')})`)} ;;
      esac ;;
  esac
}
# Loaded by source it says whom it is for; found in fpath it is called at once.
if [[ \${funcstack[1]} == _freetickets ]]; then _freetickets "$@"; else compdef _freetickets freetickets; fi
`;

function commandCase({ name, arguments: all, options }: CommandShape): string {
  const specs = [...options.flatMap(optionSpecs), '--help[print this help]', ...all.map(argumentSpec)];
  return `        ${name})\n          _arguments ${specs.map(quoted).join(' \\\n            ')} ;;`;
}

function optionSpecs({ short, long, takes, help, value, values, paths }: OptionShape): string[] {
  const about = `[${escaped(briefly(help))}]`;
  const action = `${escaped(value)}:${actionOf({ values, paths })}`;
  if (takes === 'none') return [short, long].flatMap((flag) => (flag === undefined ? [] : [`${flag}${about}`]));
  const end = { one: `:${action}`, 'at most one': `::${action}`, several: `:*-*:${action}` }[takes];
  return [...(short === undefined ? [] : [`${short}${about}${end}`]), `${long}${takes === 'several' ? '' : '='}${about}${end}`];
}

function argumentSpec({ term, value, values, paths }: ArgumentShape): string {
  const action = actionOf({ values, paths });
  return `${term.includes('...') ? '*' : term.startsWith('[') ? ':' : ''}:${value}:${action}`;
}

const actionOf = ({ values, paths }: Pick<OptionShape, 'values' | 'paths'>): string => {
  if (values.length > 0) return `(${values.map(escaped).join(' ')})`;
  return { none: ' ', files: '_files', folders: '_files -/' }[paths];
};

/** Marks that mean something in a spec of `_arguments`. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
