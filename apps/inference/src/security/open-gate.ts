import type { Gate } from '../service.ts';

/** Lets everybody in. */
export const openGate: Gate = { admit: ({ address }) => ({ address }) };
