import { readFileSync } from 'node:fs';
import { METHODS } from '@freetickets/dst-trainer';
import { describe, expect, it } from 'vitest';
import { experimentSchema, FIELD_NAMES, flagOf } from './experiment-fields.ts';

interface Schema {
  readonly properties: Readonly<Record<string, { readonly default?: unknown; readonly description?: string; readonly enum?: unknown }>>;
  readonly additionalProperties: boolean;
  readonly required?: unknown;
}

describe('experimentSchema', () => {
  const schema = experimentSchema() as Schema;

  it('is the file that is published; node scripts/write-schema.mjs writes it after a build', () => {
    const published = readFileSync(new URL('../schema/experiment.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(schema);
  });

  it('has every field with its help, none of them required, and refuses other keys', () => {
    expect(Object.keys(schema.properties)).toEqual(['$schema', ...FIELD_NAMES]);
    for (const name of FIELD_NAMES) expect(schema.properties[name]?.description, name).toBeTruthy();
    expect(schema.required).toBeUndefined();
    expect(schema.additionalProperties).toBe(false);
  });

  it('tells limits, choices and defaults', () => {
    expect(schema.properties.sparsity).toMatchObject({ type: 'number', minimum: 0, exclusiveMaximum: 1, default: 0.9 });
    expect(schema.properties.method).toMatchObject({ enum: [...METHODS], default: 'edst' });
  });
});

describe('flagOf', () => {
  it('is the name in kebab case', () => {
    expect([flagOf('data'), flagOf('exploreEpochs'), flagOf('limitPerClass')]).toEqual(['--data', '--explore-epochs', '--limit-per-class']);
  });
});
