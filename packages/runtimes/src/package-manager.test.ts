/** pip and npm themselves, where our own client is refused: the second way to a file. */
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { indexServer } from '../test/index-server.ts';
import { temporaryFolder, tinyRuntime } from '../test/tiny.ts';
import { download } from './download.node.ts';

const works = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('an index that our own client cannot use', () => {
  it.skipIf(!works('python3', '-m', 'pip', '--version'))('is asked by pip, which knows of more than one', async () => {
    const { folder, pins } = await tinyRuntime();
    const server = await indexServer(folder, pins, { html: true });
    vi.stubEnv('PIP_INDEX_URL', `${server.url}/nothing`);
    vi.stubEnv('PIP_EXTRA_INDEX_URL', `${server.url}/simple`);
    const to = await temporaryFolder();
    await download(pins[0], { folder: to });
    expect(await readdir(to)).toEqual([pins[0].file]);
    expect(server.requests).toContain(`/files/${pins[0].file}`);
  });

  it.skipIf(!works('npm', '--version'))('is asked by npm, which follows its links', async () => {
    const { folder, pins } = await tinyRuntime();
    const server = await indexServer(folder, pins, { tarballsAt: '/elsewhere/module.tgz' });
    vi.stubEnv('npm_config_cache', await temporaryFolder());
    const to = await temporaryFolder();
    await download(pins[1], { folder: to });
    expect(await readdir(to)).toEqual([pins[1].file]);
    expect(server.requests).toContain('/elsewhere/module.tgz');
  });

  it('leaves nothing behind when they are refused as well, and says what the server said', async () => {
    const { folder, pins } = await tinyRuntime();
    const server = await indexServer(folder, pins, { status: 503 });
    const to = await temporaryFolder();
    await expect(download(pins[0], { folder: to })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      at: `${server.url}/simple/${pins[0].name}/`,
      message: expect.stringContaining('status 503'),
    });
    expect(await readdir(to)).toEqual([]);
  });
});
