/** Writes the published JSON schema of experiment files. Run it after a build, whenever a field of an experiment has changed. */
import { writeFileSync } from 'node:fs';
import { experimentSchema } from '../dist/index.js';

writeFileSync(new URL('../schema/experiment.schema.json', import.meta.url), `${JSON.stringify(experimentSchema(), null, 2)}\n`);
