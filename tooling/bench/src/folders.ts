/** Where the parts of this tool lie. */
import { fileURLToPath } from 'node:url';

/** A path inside tooling/bench. */
export const inBench = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** A path inside the repository. */
export const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
