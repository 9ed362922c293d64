/**
 * Writes the reference pages into `reference/`: commands, experiment fields and server options from the tables that the programs themselves
 * read, packages from their types by TypeDoc. Run after a build.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, experimentFields } from '@freetickets/cli';
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
  const rows = (wanted) =>
    experimentFields()
      .filter(({ advanced }) => advanced === wanted)
      .map(({ name, flag, help, expected, fallback }) => [
        code(name),
        code(flag),
        escaped(expected),
        fallback === undefined ? '' : code(fallback),
        escaped(help),
      ]);
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

/** Entry points of all packages: the built declarations, which have every comment and need no checking of what is behind them. */
function entries() {
  const folders = ['packages', 'apps'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)));
  return folders.flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return Object.entries(exports).map(([entry, { types }]) => ({ name: join(name, entry), file: join(folder, types) }));
  });
}

/** As TypeDoc calls a module. */
const nameByPath = (file) =>
  relative(root, file)
    .replace(/\.d\.ts$/, '')
    .replace(/\/index$/, '');

async function writePackages() {
  const all = entries();
  const application = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: all.map(({ file }) => file),
    tsconfig: join(site, 'tsconfig.typedoc.json'),
    name: 'Types and functions',
    outputs: [{ name: 'markdown', path: join(reference, 'api') }],
    entryFileName: 'index',
    router: 'module',
    readme: 'none',
    skipErrorChecking: true,
    excludeScopesInPaths: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    disableSources: true,
    excludePrivate: true,
    sanitizeComments: true,
    logLevel: 'Error',
  });
  const project = await application.convert();
  if (!project) throw new Error('TypeDoc could not read the declarations');
  for (const module of project.children) module.name = all.find(({ file }) => nameByPath(file) === module.name).name;
  await application.generateOutputs(project);
}

rmSync(reference, { recursive: true, force: true });
writeCommands();
writeExperiment();
writeServer();
await writePackages();
