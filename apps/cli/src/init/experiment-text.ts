/** An experiment file for people: JSON, with what each field means above it. */
import { type Experiment, FIELD_NAMES, FIELDS, type FieldName, isAdvanced } from '../experiment-fields.ts';

/**
 * @param experiment every usual field that has a value is written
 * @param advanced   further fields to write
 * @param schema     path from the file to the schema, for editors
 */
export function experimentText(
  experiment: Experiment,
  {
    file,
    advanced = [],
    schema,
  }: { readonly file: string; readonly advanced?: readonly FieldName[]; readonly schema?: string | undefined },
): string {
  const written = FIELD_NAMES.filter((name) => experiment[name] !== undefined && (!isAdvanced(name) || advanced.includes(name)));
  const left = FIELD_NAMES.filter((name) => !written.includes(name));
  const entries = [
    ...(schema === undefined ? [] : [['by which editors complete and check this file', '$schema', schema] as const]),
    ...written.map((name) => [FIELDS[name].help, name, experiment[name]] as const),
  ];
  const fields = entries.map(([about, name, value]) => `${comment(about, '  ')}\n  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return [
    `// An experiment. What it would cost: freetickets train --config ${file} --dry-run`,
    `// Training:                          freetickets train --config ${file} --out runs/first`,
    '{',
    `${fields.join(',\n\n')}`,
    '',
    comment(`left at their defaults, and explained by \`freetickets train --help\`: ${left.join(', ')}`, '  '),
    '}',
    '',
  ].join('\n');
}

/** Lines of at most 100 characters. */
function comment(text: string, indent: string): string {
  const lines = text.match(/.{1,94}(?:\s|$)/g) ?? [text];
  return lines.map((line) => `${indent}// ${line.trimEnd()}`).join('\n');
}
