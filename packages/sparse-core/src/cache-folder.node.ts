import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where FreeTickets keeps what it can make or fetch again: `FREETICKETS_CACHE`; else `freetickets` in `XDG_CACHE_HOME`, in `LOCALAPPDATA`
 * (Windows), in `~/Library/Caches` (macOS) or in `~/.cache`.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (environment.FREETICKETS_CACHE) return environment.FREETICKETS_CACHE;
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'freetickets');
  if (platform === 'win32' && environment.LOCALAPPDATA) return join(environment.LOCALAPPDATA, 'freetickets');
  return join(homedir(), ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'freetickets');
}
