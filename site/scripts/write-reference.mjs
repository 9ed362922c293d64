/**
 * Writes the reference pages into `reference/`: commands, experiment fields and server options from the tables that the programs themselves
 * read, packages from their types by TypeDoc. Run after a build.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, FIELD_NAMES, FIELDS, flagOf, isAdvanced } from '@freetickets/cli';
import { serverOptions } from '@freetickets/inference';
import { Application } from 'typedoc';

const site = fileURLToPath(new URL('..', import.meta.url));
const root = dirname(site.replace(/[\\/]$/, ''));
const reference = join(site, 'reference');

const page = (path, ...parts) => {
  const file = join(reference, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${parts.flat().join('\n\n')}\n`);
};
const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;
const escaped = (text) => text.replace(/[|<>*_{}[\]]/g, '\\$&');
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const grouped = (items, groupOf) =>
  [...new Set(items.map(groupOf))].map((group) => [group, items.filter((item) => groupOf(item) === group)]);

function writeCommands() {
  const commands = commandLine();
  page(
    'commands/index.md',
    '# Commands',
    '`freetickets COMMAND --help` prints the same.',
    table(
      ['command', 'what it does'],
      commands.map(({ name, about }) => [`[${code(name)}](${name}.md)`, escaped(about)]),
    ),
  );
  for (const { name, about, usage, arguments: all, options, examples } of commands)
    page(
      `commands/${name}.md`,
      `# ${name}`,
      escaped(about),
      `\`\`\`text\n${usage}\n\`\`\``,
      all.length === 0
        ? []
        : table(
            ['argument', 'meaning'],
            all.map(({ term, help }) => [code(term), escaped(help)]),
          ),
      grouped(options, ({ group }) => group).map(
        ([group, rows]) =>
          `## ${group}\n\n${table(
            ['option', 'meaning'],
            rows.map(({ term, fullHelp }) => [code(term), escaped(fullHelp)]),
          )}`,
      ),
      `## Examples\n\n\`\`\`text\n${examples.map((example) => `freetickets ${example}`).join('\n')}\n\`\`\``,
    );
}

function writeExperiment() {
  const rows = (advanced) =>
    FIELD_NAMES.filter((name) => isAdvanced(name) === advanced).map((name) => {
      const { schema, help, expected } = FIELDS[name];
      const fallback = schema.safeParse(undefined).data;
      return [code(name), code(flagOf(name)), escaped(expected), fallback === undefined ? '' : code(String(fallback)), escaped(help)];
    });
  const head = ['field', 'option', 'value', 'default', 'meaning'];
  page(
    'experiment.md',
    '# Experiment fields',
    'Each stands in an experiment file under its name, or on the command line of `train` as an option, which wins over the file. `freetickets init` writes a file; the schema for editors is `schema/experiment.schema.json` of `@freetickets/cli`.',
    `## Usual fields\n\n${table(head, rows(false))}`,
    `## Advanced fields\n\n${table(head, rows(true))}`,
  );
}

function writeServer() {
  const term = ({ name, kind, value = 'KIND' }) => (kind === 'flag' ? `--${name}` : `--${name} <${value}>${kind === 'list' ? '...' : ''}`);
  const meaning = ({ help, choices }) => `${escaped(help)}${choices ? `; one of ${choices.map(code).join(', ')}` : ''}`;
  page(
    'server.md',
    '# Server options',
    'Of `freetickets serve` and `freetickets-inference`, which also takes `--model NAME=FILE`. What they are about is described under [serving](../../docs/serving.md).',
    grouped(serverOptions, ({ group = 'Usual' }) => group).map(
      ([group, options]) =>
        `## ${group}\n\n${table(
          ['option', 'meaning'],
          options.map((option) => [code(term(option)), meaning(option)]),
        )}`,
    ),
  );
}

/** From the built declarations, which have every comment and need no checking of what is behind them. */
async function writePackages() {
  const folders = ['packages', 'apps'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)));
  const entryPoints = folders.flatMap((folder) => ['index', 'node'].map((name) => join(folder, 'dist', `${name}.d.ts`))).filter(existsSync);
  const application = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints,
    tsconfig: join(site, 'tsconfig.typedoc.json'),
    skipErrorChecking: true,
    readme: 'none',
    router: 'module',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    disableSources: true,
    excludePrivate: true,
    sanitizeComments: true,
    logLevel: 'Error',
  });
  const project = await application.convert();
  if (!project) throw new Error('TypeDoc could not read the declarations');
  await application.generateOutputs(project, join(reference, 'api'));
}

rmSync(reference, { recursive: true, force: true });
writeCommands();
writeExperiment();
writeServer();
await writePackages();
