/** The records of src/encode.ts against the structs of c/ops.h, read from the C sources. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encode, FIELDS, LAYOUT } from './encode.ts';
import { FLAT_FLOATS, FULL, type Operation, PARTIAL, TILE_PLANES } from './ops.ts';

/** A C file without its comments. */
const source = (file: string): string =>
  readFileSync(new URL(`../c/${file}`, import.meta.url), 'utf8').replace(/\/\/.*|\/\*[^*]*\*\//g, '');
const header = source('ops.h');
const dispatch = source('kernels.c');
/** With the files that it is made of. */
const kernels = [dispatch, ...[...dispatch.matchAll(/#include "([\w-]+\.h)"/g)].map(([, file]) => source(file!))].join('\n');

const camelCase = (name: string): string => name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

interface Field {
  readonly name: string;
  /** 32-bit integers. */
  readonly size: number;
}

/** Struct name without its prefix -> fields after the operation's code, in order. */
const structs = new Map<string, Field[]>();
for (const [, body, name] of header.matchAll(/typedef struct \{([^}]*)\} ft_(\w+);/g)) {
  const fields = [...body!.matchAll(/(int32_t|ft_view|ft_shifts) ([^;]*);/g)].flatMap(([, type, names]) =>
    names!.split(',').map((field) => ({ name: camelCase(field.trim()), size: type === 'int32_t' ? 1 : 4 })),
  );
  if (fields[0]?.name === 'op') structs.set(name!, fields.slice(1));
}

/** Operations in the order of the enumeration, each with the struct that its kernel reads. */
const operations = header
  .match(/enum \{\s*(FT_LOAD = 1[^}]*)\}/)![1]!
  .split(',')
  .map((item) => {
    const code = item.trim().split(' ')[0]!;
    const kernel = kernels.match(new RegExp(`case ${code}: (\\w+)\\(p,`))![1]!;
    const struct = kernels.match(new RegExp(`static void ${kernel}\\(const ft_(\\w+) \\*p`))![1]!;
    return { name: camelCase(code.slice('FT_'.length)), fields: structs.get(struct)! };
  });

describe('records', () => {
  it('are of one size on both sides', () => {
    expect(header).toContain(`FT_FIELDS = ${FIELDS}, FT_PARTIAL = ${PARTIAL}, FT_FULL = ${FULL}, FT_TILE_PLANES = ${TILE_PLANES}, `);
    expect(header).toContain(`FT_FLAT_FLOATS = ${FLAT_FLOATS} }`);
  });

  it('have codes in the order of the C enumeration', () => {
    expect(Object.keys(LAYOUT)).toEqual(operations.map(({ name }) => name));
  });

  it.each(operations)('$name has the fields of its C struct, in order, and fits', ({ name, fields }) => {
    expect(LAYOUT[name as Operation['op']]).toEqual(fields.map((field) => field.name));
    expect(fields.reduce((sum, { size }) => sum + size, 1)).toBeLessThanOrEqual(FIELDS);
  });

  it('encode puts code, views and numbers one behind the other, and zeros behind them', () => {
    const logits = { base: 5, block: 6, plane: 7, row: 8 };
    const [store, relu] = [encode([{ op: 'store', logits, classes: 10, out: 99 }]), { base: 1, block: 2, plane: 3, row: 4 }];
    expect([...store.slice(0, 8)]).toEqual([28, 5, 6, 7, 8, 10, 99, 0]);
    const two = encode([
      { op: 'pack', out: 1, source: 2, order: 3, count: 4 },
      { op: 'relu', a: relu, b: relu, out: logits, channels: 9, height: 10, width: 11, accumulate: true },
    ]);
    expect(two.length).toBe(2 * FIELDS);
    expect([...two.slice(0, 6)]).toEqual([2, 1, 2, 3, 4, 0]);
    expect([...two.slice(FIELDS, FIELDS + 18)]).toEqual([15, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 0]);
  });
});
