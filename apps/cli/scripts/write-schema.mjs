/** Writes the published JSON schemas. Run it after a build, whenever a field of an experiment or of an evaluation has changed. */
import { writeFileSync } from 'node:fs';
import { evaluationSchema, experimentSchema, sweepSchema } from '../dist/index.js';

for (const [name, schema] of Object.entries({ experiment: experimentSchema(), evaluation: evaluationSchema(), sweep: sweepSchema() }))
  writeFileSync(new URL(`../schema/${name}.schema.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
