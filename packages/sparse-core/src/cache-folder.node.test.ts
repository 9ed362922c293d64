import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.node.ts';

describe('cacheFolder', () => {
  it.each<[NodeJS.ProcessEnv, NodeJS.Platform, string]>([
    [{ FREETICKETS_CACHE: '/c', XDG_CACHE_HOME: '/x' }, 'linux', '/c'],
    [{ XDG_CACHE_HOME: '/x' }, 'linux', join('/x', 'freetickets')],
    [{}, 'linux', join(homedir(), '.cache', 'freetickets')],
    [{}, 'darwin', join(homedir(), 'Library', 'Caches', 'freetickets')],
    [{ LOCALAPPDATA: '/l' }, 'win32', join('/l', 'freetickets')],
  ])('with %j on %s is %s', (environment, platform, folder) => {
    expect(cacheFolder(environment, platform)).toBe(folder);
  });
});
