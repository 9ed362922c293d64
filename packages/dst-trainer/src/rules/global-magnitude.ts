import { magnitude } from './magnitude.ts';
import type { DropRule } from './rule.ts';

/**
 * The live weights of the whole network closest to 0 go, whatever their layer. Exact, where the published helper searches for a threshold
 * that removes the share to within 2 %. Ties: earlier layer, then lower position.
 */
export const globalMagnitude = (): DropRule => ({ ...magnitude(), kind: 'global-magnitude', over: 'network' });
