/**
 * The packages as their users get them: each installed by npm from its tarball into an empty project of its own, its README's program run on several
 * versions of Node, the command's whole way once on each, and those for browsers bundled by Vite. Prints what each package costs alone.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './processes.mjs';

/** What each of these does first when it is not a library with a program in docs/examples. */
const COMMANDS = {
  '@freetickets/cli': ['freetickets', 'demo'],
  '@freetickets/inference': ['freetickets-inference', '--help'],
};
/** What a README tells its reader to install beside the package. */
const BESIDE = { '@freetickets/engine-tfjs': ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'] };
/** Packages that promise to run in browsers. */
const FOR_BROWSERS = ['sparse-core', 'metrics', 'ensemble', 'engine-sparse', 'dst-trainer', 'client'].map((name) => `@freetickets/${name}`);

/**
 * @param tarballs `{ name, version, file }` of every package
 * @param nodes major versions of Node, as `['20', '24']`
 */
export function rehearse({ clone, folder, tarballs, nodes }) {
  const programs = nodes.map((major) => nodeFromNpm(folder, major));
  console.log(
    `\n| package | packages installed | MB | npm install, s | ${programs.map(({ version }) => `its program on Node ${version}, s`).join(' | ')} |`,
  );
  console.log(`| --- | ---: | ---: | ---: |${' ---: |'.repeat(programs.length)}`);
  for (const { name } of tarballs) {
    const project = emptyProject(folder, basename(name));
    const program = programOf(clone, project, name);
    const installing = seconds(() => install(project, tarballs, [name]));
    const size = installedSize(project);
    const beside = [...program.needs.filter((needed) => needed !== name), ...(BESIDE[name] ?? [])];
    if (beside.length > 0) install(project, tarballs, [name, ...beside]);
    program.compile();
    const times = programs.map(({ node }) => seconds(() => run(node, program.arguments, { cwd: project })));
    console.log(`| ${[name, ...size, installing, ...times].join(' | ')} |`);
  }
  bundle(clone, folder, tarballs);
}

function nodeFromNpm(folder, major) {
  const project = emptyProject(folder, `node-${major}`);
  run('npm', ['install', '--no-audit', '--no-fund', `node@${major}`], { cwd: project });
  const node = join(project, 'node_modules/node/bin/node');
  return { node, version: run(node, ['--version']).trim() };
}

function emptyProject(folder, name) {
  const project = join(folder, 'projects', name);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  return project;
}

/** How the first lines of a package's README run; `needs` are what else they import. */
function programOf(clone, project, name) {
  const command = COMMANDS[name];
  if (command) return { needs: [], compile: () => {}, arguments: [join('node_modules/.bin', command[0]), ...command.slice(1)] };
  const examples = join(clone, 'docs/examples');
  const file = `${basename(name)}.ts`;
  const needs = [...readFileSync(join(examples, file), 'utf8').matchAll(/from '(@freetickets\/[a-z-]+)/g)].map(([, from]) => from);
  const compile = () => {
    copyFileSync(join(examples, file), join(project, file));
    const tsc = join(clone, 'node_modules/typescript/bin/tsc');
    run(process.execPath, [tsc, '--noCheck', '--module', 'nodenext', '--target', 'es2023', '--outDir', '.', file], { cwd: project });
  };
  return { needs, compile, arguments: [file.replace('.ts', '.js')] };
}

/**
 * Ours from their tarballs, with all of ours that they need; the rest from the registry. Without scripts, as the READMEs say: none is needed, and
 * that of onnxruntime-node fetches CUDA libraries from a host that is often out of reach.
 */
function install(project, tarballs, names) {
  const ours = new Map(tarballs.map((one) => [one.name, one.file]));
  const wanted = new Set(names);
  for (const name of wanted) for (const needed of ours.has(name) ? needsOf(ours.get(name)) : []) wanted.add(needed);
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...[...wanted].map((name) => ours.get(name) ?? name)], {
    cwd: project,
  });
}

function needsOf(tarball) {
  const manifest = JSON.parse(run('tar', ['-xzOf', tarball, 'package/package.json']));
  return Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@freetickets/'));
}

function installedSize(project) {
  const packages = Object.keys(JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages).filter(
    (path) => path !== '' && existsSync(join(project, path)),
  );
  const [kilobytes] = run('du', ['-sk', 'node_modules'], { cwd: project }).split('\t');
  return [packages.length, (Number(kilobytes) / 1024).toFixed(1)];
}

/** All packages for browsers in one page; a warning of the bundler, such as a Node module that it had to leave out, is a failure. */
function bundle(clone, folder, tarballs) {
  const project = emptyProject(folder, 'page');
  install(project, tarballs, FOR_BROWSERS);
  const lines = FOR_BROWSERS.map((name, index) => `import * as part${index} from '${name}';\nwindow.part${index} = part${index};`);
  writeFileSync(join(project, 'main.js'), `${lines.join('\n')}\n`);
  writeFileSync(join(project, 'index.html'), '<script type="module" src="/main.js"></script>\n');
  const vite = join(clone, 'test/node_modules/vite/bin/vite.js');
  const said = run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: project });
  if (said.trim() !== '') throw new Error(`Vite warns of the packages for browsers:\n${said}`);
  console.log(`\nVite bundles ${FOR_BROWSERS.join(', ')} without a warning.`);
}

function seconds(work) {
  const start = performance.now();
  work();
  return ((performance.now() - start) / 1000).toFixed(1);
}
