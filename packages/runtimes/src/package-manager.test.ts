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
    const troubles: string[] = [];
    await download(pins[1], { folder: to, onTrouble: (what) => troubles.push(what) });
    expect(troubles.map((what) => what.replace(/^.*; /, ''))).toEqual([
      'trying again (2 of 3)',
      'trying again (3 of 3)',
      expect.stringMatching(/^asking npm, which may know another way/),
    ]);
    expect(await readdir(to)).toEqual([pins[1].file]);
    expect(server.requests).toContain('/elsewhere/module.tgz');
  });

  it('leaves nothing behind when they are refused as well, and says as it happens what was tried and what the server said', async () => {
    const { folder, pins } = await tinyRuntime();
    const server = await indexServer(folder, pins, { status: 503 });
    const to = await temporaryFolder();
    const at = `${server.url}/simple/${pins[0].name}/`;
    const troubles: string[] = [];
    await expect(download(pins[0], { folder: to, onTrouble: (what) => troubles.push(what) })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      at,
      message: expect.stringMatching(/received status 503, and nothing by pip\. Set PIP_INDEX_URL to .* or HTTP_PROXY to .* with --from$/),
    });
    expect(await readdir(to)).toEqual([]);
    expect(troubles).toEqual([
      `${at}: status 503; trying again (2 of 3)`,
      `${at}: status 503; trying again (3 of 3)`,
      expect.stringMatching(/^http:.*: status 503; asking pip, which may know another way, for \d+ \w+: it is silent meanwhile$/),
      expect.stringMatching(/^pip has not got it: ./),
    ]);
  });
});
