import { describe, expect, it } from 'vitest';
import { pruneFatbin } from './prune-fatbin.ts';

interface Entry {
  readonly kind: number;
  readonly arch: number;
  readonly code: string;
}

/** A container: a head of 16 bytes, then entries with heads of 64. */
function container(entries: readonly Entry[]): Buffer {
  const parts = entries.map(({ kind, arch, code }) => {
    const head = Buffer.alloc(64);
    head.writeUInt16LE(kind, 0);
    head.writeUInt32LE(64, 4);
    head.writeBigUInt64LE(BigInt(code.length), 8);
    head.writeUInt32LE(arch, 28);
    return Buffer.concat([head, Buffer.from(code)]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(0xba55ed50, 0);
  head.writeUInt16LE(16, 6);
  head.writeBigUInt64LE(BigInt(body.length), 8);
  const padding = Buffer.alloc((8 - ((16 + body.length) % 8)) % 8);
  return Buffer.concat([head, body, padding]);
}

/** An ELF file of two sections, the one in question and the names, with their table behind them. */
function library(name: string, section: Buffer): Buffer {
  const [head, names] = [Buffer.alloc(64), Buffer.from(`${name}\0.shstrtab\0`)];
  const table = Buffer.alloc(128);
  const put = (index: number, nameAt: number, offset: number, size: number) => {
    table.writeUInt32LE(nameAt, 64 * index);
    table.writeBigUInt64LE(BigInt(offset), 64 * index + 24);
    table.writeBigUInt64LE(BigInt(size), 64 * index + 32);
  };
  put(0, 0, 64, section.length);
  put(1, name.length + 1, 64 + section.length, names.length);
  head.writeBigUInt64LE(BigInt(64 + section.length + names.length), 40);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(2, 60);
  head.writeUInt16LE(1, 62);
  return Buffer.concat([head, section, names, table]);
}

const first = container([
  { kind: 2, arch: 80, code: 'eighty!' },
  { kind: 2, arch: 90, code: 'ninety' },
  { kind: 1, arch: 80, code: 'ptx' },
]);
const second = container([{ kind: 2, arch: 75, code: 'seventy-five' }]);

describe('pruneFatbin', () => {
  it('blanks the code of other architectures in every container, and nothing else', () => {
    const file = library('.nv_fatbin', Buffer.concat([first, Buffer.alloc(8), second]));
    const before = Buffer.from(file);
    expect(pruneFatbin(file, 90)).toEqual({ kept: 'ninety'.length + 'ptx'.length, blanked: 'eighty!'.length + 'seventy-five'.length });
    const text = before.toString('latin1').replace('eighty!', '\0'.repeat(7)).replace('seventy-five', '\0'.repeat(12));
    expect(file.toString('latin1')).toBe(text);
  });
  it('refuses a library without the architecture, and one that is not for GPUs', () => {
    expect(() => pruneFatbin(library('.nv_fatbin', second), 90)).toThrow('library: expected GPU code for sm_90');
    expect(() => pruneFatbin(library('.text', second), 90)).toThrow('library: expected a CUDA library');
  });
});
