/** The native engine in every instruction set that this processor has. */
import { nativeEngine, nativeStatus } from '@freetickets/engine-sparse';
import { describe, it } from 'vitest';
import { engineCases } from './engine.cases.ts';

const status = nativeStatus();

if (status.available) for (const variant of status.variants) engineCases(`native/${variant}`, () => nativeEngine({ variant }));
else describe.skip(`native [${status.reason}]`, () => it('is not available', () => {}));
