import { referenceEngine } from '@freetickets/engine-sparse';
import { engineCases } from './engine.cases.ts';

engineCases('reference', () => referenceEngine());
