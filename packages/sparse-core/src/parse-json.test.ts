import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

describe('parseJson', () => {
  it('reads 64 levels and refuses 65, in lists and in objects', () => {
    const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    for (const nested of [lists, objects]) {
      expect(parseJson(nested(64))).toEqual(JSON.parse(nested(64)));
      expect(() => parseJson(nested(65))).toThrow('nested deeper than 64 levels');
    }
  });

  it('counts no bracket inside a string, and none after an escaped quote', () => {
    const text = JSON.stringify({ a: '['.repeat(1000), b: `"${'{'.repeat(1000)}\\` });
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('refuses open brackets by the million without reading them', () => {
    expect(() => parseJson('['.repeat(2 ** 24))).toThrow('nested deeper');
  });

  it('counts neighbours once', () => {
    expect(parseJson(`[${'[],'.repeat(1000)}[]]`)).toHaveLength(1001);
  });

  it.each([
    ['{"a": 1\n  "b": 2}', 'in line 2, column 3'],
    ['[1,\n2\n\n  3]', 'in line 4, column 3'],
    ['{"a" 1}', 'in line 1, column 6'],
  ])('says where %j stops being JSON', (text, where) => {
    expect(() => parseJson(text)).toThrow(where);
  });

  it('says that there is no text', () => {
    expect(() => parseJson(' \n')).toThrow('no text');
  });
});
