/**
 * Finds and loads the addon that holds the compiled kernels: the prebuilt one of this platform, else the one built on this machine.
 * Nothing is downloaded or built here; each failed attempt keeps its reason.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Addon {
  /** Digests of what it was compiled from: `<c/ops.h>.<all sources>`. */
  readonly layout: string;
  variants(): string[];
  createExecutor(variant: number, threads: number): object;
  run(executor: object, ops: Int32Array, floats: Float32Array, ints: Int32Array, lanes: number, batch: number): void;
  misalignment(floats: Float32Array): number;
}

export type Found =
  /** `failed`: reasons why an addon that comes before this one was not taken; of one that is merely absent there is none. */
  | { readonly addon: Addon; readonly path: string; readonly failed: readonly string[] }
  /** `failed`: why there is none, and what would help. */
  | { readonly addon?: undefined; readonly failed: readonly string[] };

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The name of this platform as prebuilt addons bear it, as in `linux-x64` or `linux-arm64-musl`. */
export function platformName(): string {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' && !hasGlibc() ? `${name}-musl` : name;
}

/** Whether this Node runs on glibc. Its report says so, whatever was done to the executable or lies in the system's folders. */
function hasGlibc(): boolean {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // interfaces and their names would only cost time
  const { header } = report.getReport() as unknown as { readonly header: { readonly glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime !== undefined;
}

/** What an addon of these sources says it was made of; scripts/addon.mjs computes the same. */
function digest(): { readonly layout: string; readonly sources: string } {
  const of = (files: readonly string[]) => {
    const hash = createHash('sha256');
    for (const file of files) hash.update(file).update(readFileSync(here(`c/${file}`)));
    return hash.digest('hex').slice(0, 16);
  };
  const sources = readdirSync(here('c')).filter((file) => /\.(c|h|def)$/.test(file));
  return { layout: of(['ops.h']), sources: of(sources.sort()) };
}

/** The addon at `path`, if it loads and `accepts` what it was compiled from; else the reason. */
function attempt(path: string, accepts: (layout: string) => boolean): Addon | string {
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    return accepts(addon.layout) ? addon : `${path} was built from other sources`;
  } catch (error) {
    return `${path} does not load: ${(error as Error).message}`;
  }
}

/** The first addon that loads here. */
export function findAddon(): Found {
  const { layout, sources } = digest();
  const name = platformName();
  const prebuilt = here(`prebuilds/kernels-${name}.node`);
  const local = here(`build/kernels-${process.platform}-${process.arch}.node`);
  // A prebuilt addon must be of exactly these sources: whoever changes them means to run what they built. The build script keeps its own
  // addon fresh; here it only has to understand the operations.
  const candidates = [
    { path: prebuilt, accepts: (found: string) => found === `${layout}.${sources}` },
    { path: local, accepts: (found: string) => found.startsWith(`${layout}.`) },
  ].filter(({ path }) => existsSync(path));
  const failed: string[] = [];
  for (const { path, accepts } of candidates) {
    const addon = attempt(path, accepts);
    if (typeof addon !== 'string') return { addon, path, failed };
    failed.push(addon);
  }
  if (failed.length === 0) failed.push(`there are no prebuilt kernels for ${name}, and none were built here`);
  return { failed: [...failed.slice(0, -1), `${failed.at(-1)} (${remedy(existsSync(local) ? `delete ${local}, ` : '')})`] };
}

const remedy = (first: string) =>
  process.platform === 'win32'
    ? 'on Windows only prebuilt kernels run, and only on x64'
    : `to build them, ${first}have a C compiler (cc, gcc or clang) and run: node ${here('scripts/build-native.mjs')}`;
