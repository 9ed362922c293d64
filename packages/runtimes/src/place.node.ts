/** Where runtimes stand: a folder of their own in the user's cache. */
import { join } from 'node:path';
import { cacheFolder } from '@freetickets/sparse-core/node';

export interface PlaceOptions {
  /** The cache. Default: `FREETICKETS_CACHE`, else `freetickets` in the platform's cache folder. */
  readonly cache?: string;
}

export const runtimesFolder = ({ cache = cacheFolder() }: PlaceOptions = {}): string => join(cache, 'runtimes');
