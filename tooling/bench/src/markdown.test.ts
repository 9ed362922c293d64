import { describe, expect, it } from 'vitest';
import { gflops, markdownTable, megabytes, milliseconds, percent, ratioText, replaceSection } from './markdown.ts';

describe('markdownTable', () => {
  it('puts names to the left and numbers to the right', () => {
    const table = { header: ['layer', 'ms', 'ratio'], rows: [['a|b', '1.00', '0.50']] };
    expect(markdownTable(table)).toBe('| layer | ms | ratio |\n| --- | ---: | ---: |\n| a\\|b | 1.00 | 0.50 |');
  });

  it('refuses a row of another length', () => {
    expect(() => markdownTable({ header: ['a', 'b'], rows: [['1']] })).toThrow('table: expected rows of 2 cells, received ["1"]');
  });
});

describe('replaceSection', () => {
  const document = '# Title\n\n<!-- bench:one -->\nold\n<!-- /bench:one -->\n\n<!-- bench:two -->\n<!-- /bench:two -->\nend\n';

  it('replaces what stands between the lines, and nothing else', () => {
    const expected = '# Title\n\n<!-- bench:one -->\n\nnew $& $1\n\n<!-- /bench:one -->\n\n<!-- bench:two -->\n<!-- /bench:two -->\nend\n';
    expect(replaceSection(document, 'one', 'new $& $1')).toBe(expected);
  });

  it('does the same again when it is done again', () => {
    const once = replaceSection(document, 'two', 'new');
    expect(replaceSection(once, 'two', 'new')).toBe(once);
  });

  it('says which lines are missing', () => {
    expect(() => replaceSection(document, 'three', '')).toThrow('<!-- bench:three --> and <!-- /bench:three -->');
  });
});

describe('numbers', () => {
  it('have three digits, and a dash where there is none', () => {
    expect([1234.5, 99.96, 12.34, 1.234, 0.12345].map(milliseconds)).toEqual(['1235', '100', '12.3', '1.23', '0.123']);
    expect([milliseconds, ratioText, percent, megabytes].map((text) => text(undefined))).toEqual(['-', '-', '-', '-']);
  });

  it('have their units', () => {
    expect(gflops(3e9, 2)).toBe('1500.0'); // 3e9 operations in 2 ms
    expect(percent(0.456)).toBe('46 %');
    expect(megabytes(3.5e9)).toBe('3500 MB');
    expect(ratioText(1 / 3)).toBe('0.33');
  });
});
