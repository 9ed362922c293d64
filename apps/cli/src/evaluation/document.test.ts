import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluationSchema, parseEvaluation } from './document.ts';

describe('the document of an evaluation', () => {
  it('is refused by the field that is wrong', () => {
    expect(() => parseEvaluation('results.json', { format: 'freetickets.evaluation', version: 2 })).toThrow(
      /^results\.json: version: expected what freetickets evaluate wrote, received 2\. /,
    );
    expect(() => parseEvaluation('results.json', 'text')).toThrow(
      /^results\.json: expected what freetickets evaluate wrote, received "text"/,
    );
  });

  it('has a published schema, that of this code', () => {
    const published = readFileSync(new URL('../../schema/evaluation.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(evaluationSchema());
  });

  it('has a schema that names its required parts', () => {
    expect(evaluationSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['format', 'version', 'tickets', 'data', 'split', 'samples', 'ensemble', 'members', 'diversity'],
    });
  });
});
