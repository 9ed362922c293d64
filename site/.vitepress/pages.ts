/** Which Markdown files of the repository are pages, and in which order they are listed. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const inside = (parent: string): string[] => readdirSync(join(root, parent)).sort();
const readmes = ['packages', 'apps'].flatMap((parent) => inside(parent).map((name) => `${parent}/${name}/README.md`));
const packages = readmes.filter((file) => existsSync(join(root, file)));

const FOLDERS = /^(docs\/(?!examples\/).*|site\/(index|reference\/.*)|CONTRIBUTING)\.md$/;
export const isPage = (file: string): boolean => FOLDERS.test(file) || packages.includes(file);

/** `site/index.md` -> `index.md`, `packages/metrics/README.md` -> `packages/metrics/index.md`; others keep their names. */
export const pathOf = (file: string): string => file.replace(/^site\//, '').replace(/README\.md$/, 'index.md');

/** As in a link, without a leading slash. */
export function addressOf(file: string): string {
  return pathOf(file)
    .replace(/(^|\/)index\.md$/, '$1')
    .replace(/\.md$/, '');
}

const item = (text: string, file: string) => ({ text, link: `/${addressOf(file)}` });
const items = (folder: string, entries: Readonly<Record<string, string>>) =>
  Object.entries(entries)
    .map(([name, text]) => ({ file: `${folder}/${name}.md`, text }))
    .filter(({ file }) => existsSync(join(root, file)))
    .map(({ file, text }) => item(text, file));

const guides = [
  {
    text: 'Tutorial',
    items: items('docs/tutorial', {
      'first-ensemble': 'A first ensemble',
      'own-images': 'Your own images',
      'own-network': 'Your own network',
      deploy: 'Deploy',
      cluster: 'On a cluster',
    }),
  },
  {
    text: 'How to',
    items: items('docs/how-to', {
      'stop-and-resume': 'Stop and resume a run',
      'compare-methods': 'Compare methods fairly',
      trust: 'Find out how far to trust a model',
      pytorch: 'Weights from PyTorch, and back',
      speed: 'Make it faster',
      shell: 'Shells and scripts',
    }),
  },
  {
    text: 'Concepts',
    items: items('docs/concepts', {
      'free-tickets': 'What a free ticket is',
      'really-sparse': 'Really sparse',
      uncertainty: 'Knowing when not to know',
    }),
  },
  {
    text: 'In depth',
    items: items('docs', {
      serving: 'Serving',
      sweeps: 'Sweeps and comparisons',
      reports: 'Reports',
      clusters: 'Clusters',
      runtimes: 'TensorFlow.js and CUDA',
      numerics: 'Numerics',
      reproduction: 'Reproduction',
      performance: 'Performance',
      reliability: 'Reliability',
      architecture: 'Architecture',
      dependencies: 'Dependencies',
      glossary: 'Glossary',
    }),
  },
  {
    text: 'Reference',
    items: [
      item('Commands', 'site/reference/commands/index.md'),
      item('Experiment fields', 'site/reference/experiment.md'),
      item('Server options', 'site/reference/server.md'),
      item('Types and functions', 'site/reference/api/index.md'),
      item('Contributing', 'CONTRIBUTING.md'),
    ],
  },
];

const reference = [
  {
    text: 'Options',
    items: [item('Experiment fields', 'site/reference/experiment.md'), item('Server options', 'site/reference/server.md')],
  },
  { text: 'Commands', items: [item('All commands', 'site/reference/commands/index.md'), ...generated('commands')] },
  { text: 'Packages', items: packages.map((file) => item(file.split('/')[1]!, file)) },
  { text: 'Types and functions', items: [item('All packages', 'site/reference/api/index.md'), ...generated('api')] },
];

/** By the beginning of an address. */
export const sidebar = { '/reference/': reference, '/packages/': reference, '/apps/': reference, '/': guides };

function generated(folder: string) {
  const path = `site/reference/${folder}`;
  const names = existsSync(join(root, path)) ? inside(path).filter((name) => name.endsWith('.md') && name !== 'index.md') : [];
  return names.map((name) => item(name.slice(0, -'.md'.length), `${path}/${name}`));
}
