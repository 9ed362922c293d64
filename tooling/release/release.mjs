/**
 * `pnpm release`: the way of a release, from the pending changes in .changeset to the registry. With --dry-run all but the last step: a clone of the
 * last commit takes the next versions, packs every package, and uses the tarballs as their users will.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run, runPnpm } from './processes.mjs';
import { rehearse } from './rehearsal.mjs';

const USAGE = `pnpm release [--dry-run] [--node 20,22,24] [--prebuilt all|TARGET,...|none]

--dry-run     pack, install and try everything; publish nothing
--node        major versions of Node, from npm, that run the programs of the READMEs (default: 20,22,24)
--prebuilt    the targets whose kernels are built for the package (default: all; needs zig: pip install ziglang==0.17.1)
`;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function main() {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      node: { type: 'string', default: '20,22,24' },
      prebuilt: { type: 'string', default: 'all' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const dry = values['dry-run'];
  if (!dry) refuseUnlessReady(values.prebuilt);
  const folder = mkdtempSync(join(tmpdir(), 'freetickets-release-'));
  try {
    const clone = makeClone(folder, { dry, prebuilt: values.prebuilt });
    const tarballs = pack(clone, folder);
    rehearse({ clone, folder, tarballs, nodes: values.node.split(',') });
    if (dry) console.log('\nnothing was published: --dry-run');
    else publish(tarballs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is published must be what stands on main, under versions that the changelogs explain. */
function refuseUnlessReady(prebuilt) {
  const git = (...args) => run('git', args, { cwd: ROOT }).trim();
  const refusals = [
    [git('status', '--porcelain') !== '', 'the working tree has changes; commit them'],
    [git('branch', '--show-current') !== 'main', 'releases are made from main'],
    [
      readdirSync(join(ROOT, '.changeset')).some((file) => file.endsWith('.md')),
      'changes are pending; run `pnpm changeset version`, and commit',
    ],
    [prebuilt !== 'all', 'a release carries the kernels of all targets; leave --prebuilt out'],
  ];
  const [found] = refusals.filter(([wrong]) => wrong);
  if (found) throw new Error(`not released: ${found[1]}`);
}

function makeClone(folder, { dry, prebuilt }) {
  const clone = join(folder, 'clone');
  run('git', ['clone', '--quiet', ROOT, clone]);
  const pnpm = (...args) => runPnpm(args, { cwd: clone, output: 'inherit' });
  pnpm('install', '--frozen-lockfile', '--prefer-offline');
  if (dry) pnpm('exec', 'changeset', 'version');
  pnpm('build', '--output-logs=errors-only');
  const targets = prebuilt === 'all' ? [] : prebuilt.split(',').flatMap((target) => ['--target', target]);
  if (prebuilt !== 'none') pnpm('--filter', '@freetickets/engine-sparse', 'build:prebuilt', ...targets);
  return clone;
}

/** In the order in which they need one another, as `pnpm --recursive` goes. */
function pack(clone, folder) {
  const tarballs = join(folder, 'tarballs');
  const said = runPnpm(['--recursive', 'pack', '--pack-destination', tarballs, '--json'], { cwd: clone });
  return [JSON.parse(said)].flat().map(({ name, version, filename }) => ({ name, version, file: filename }));
}

/** Goes on where an earlier attempt ended: a version that the registry has is left alone. */
function publish(tarballs) {
  for (const { name, version, file } of tarballs) {
    const known = spawnSync('npm', ['view', `${name}@${version}`, 'version'], { encoding: 'utf8' }).stdout.trim() === version;
    console.log(`${name}@${version}: ${known ? 'published already' : 'publishing'}`);
    if (!known) run('npm', ['publish', file, '--access', 'public', '--provenance'], { output: 'inherit' });
  }
  runPnpm(['exec', 'changeset', 'tag'], { cwd: ROOT, output: 'inherit' });
  console.log('published and tagged; now: git push --tags');
}

main();
