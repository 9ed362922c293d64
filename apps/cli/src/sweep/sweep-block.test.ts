import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FIELD_NAMES } from '../experiment-fields.ts';
import { sweepSchema } from './sweep-block.ts';

describe('sweepSchema', () => {
  const schema = sweepSchema() as { readonly properties: Readonly<Record<string, object>> };

  it('is the file that is published; node scripts/write-schema.mjs writes it after a build', () => {
    const published = readFileSync(new URL('../../schema/sweep.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(schema);
  });

  it('takes a value or a list of every field', () => {
    expect(Object.keys(schema.properties)).toEqual(['$schema', 'sweep', ...FIELD_NAMES]);
    expect(schema.properties.batchSize).toMatchObject({
      anyOf: [{ type: 'integer' }, { type: 'array', minItems: 1, items: { type: 'integer' } }],
    });
  });
});
