/** The second way to a file: pip and npm, with the indexes, proxies, passwords and certificates that they are set up with. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pin } from './pin.ts';
import { run } from './run.node.ts';

/** Our own client has tried more than once before; what the environment says comes first. */
const RETRIES = { PIP_RETRIES: '1', npm_config_fetch_retries: '1', npm_config_fetch_retry_mintimeout: '1000' };

/** @returns why not, when the file is not in the folder now; it has not been checked */
export async function byPackageManager(pin: Pin, folder: string, signal?: AbortSignal): Promise<string | undefined> {
  const own = join(folder, 'fetching'); // so that nothing else in the folder is overwritten
  try {
    await rm(own, { recursive: true, force: true });
    await mkdir(own);
    const [command, args] = pin.from === 'npm' ? (['npm', npmPack(pin)] as const) : (['python3', pipDownload(pin)] as const);
    await run(command, args, { cwd: own, env: { ...RETRIES, ...process.env }, ...(signal && { signal }) });
    await rename(join(own, pin.file), join(folder, pin.file));
    return undefined;
  } catch (error) {
    return (error as Error).message.slice(0, 300);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

const npmPack = ({ name, version }: Pin): string[] => ['pack', `${name}@${version}`, '--ignore-scripts', '--silent'];

/** A wheel's name ends with the tags of the Pythons, their binary interface and the platforms it is for; pip would choose those of this machine's Python. */
function pipDownload({ name, version, file }: Pin): string[] {
  const [python, abi, platforms] = file.slice(0, -'.whl'.length).split('-').slice(-3) as [string, string, string];
  const interpreter = python.startsWith('cp') ? ['--implementation', 'cp', '--python-version', python.slice(2), '--abi', abi] : [];
  const platform = platforms.split('.').flatMap((tag) => ['--platform', tag]);
  return ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', ...interpreter, ...platform, `${name}==${version}`];
}
