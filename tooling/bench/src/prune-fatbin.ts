/**
 * Leaves the GPU code of one architecture in a CUDA library and blanks that of all others, which then compresses to nothing. Only the section
 * .nv_fatbin changes and every offset stays: it is a list of containers (magic 0xBA55ED50) of entries, each with a header that names its kind
 * (1: PTX, 2: machine code) and its architecture (90: sm_90), and the driver loads the entry of its own GPU alone.
 */
import { SparseError } from '@freetickets/sparse-core';

const MAGIC = 0xba55ed50;
const MACHINE_CODE = 2;

/**
 * @param library a 64-bit little-endian ELF file, changed in place
 * @param architecture what stays, such as 90; PTX stays too, which a newer GPU can compile
 * @returns bytes of GPU code that stay, and that were blanked
 * @throws SparseError BAD_FILE when it is no CUDA library, or has no code for this architecture
 */
export function pruneFatbin(library: Buffer, architecture: number): { readonly kept: number; readonly blanked: number } {
  const sizes = { kept: 0, blanked: 0 };
  for (const { kind, arch, start, end } of entriesOf(library)) {
    const stays = kind !== MACHINE_CODE || arch === architecture;
    if (!stays) library.fill(0, start, end);
    sizes[stays ? 'kept' : 'blanked'] += end - start;
  }
  if (sizes.kept > 0) return sizes;
  throw new SparseError('BAD_FILE', 'library', `GPU code for sm_${architecture}`, new Error('code for other GPUs only'));
}

function* entriesOf(library: Buffer): Generator<{ kind: number; arch: number; start: number; end: number }> {
  const { offset, size } = sectionOf(library, '.nv_fatbin');
  for (let at = offset; at + 16 <= offset + size; ) {
    if (library.readUInt32LE(at) !== MAGIC) {
      at += 8; // padding between containers
      continue;
    }
    const head = library.readUInt16LE(at + 6);
    const containerEnd = at + head + Number(library.readBigUInt64LE(at + 8));
    for (let entry = at + head; entry < containerEnd; ) {
      const start = entry + library.readUInt32LE(entry + 4);
      const end = start + Number(library.readBigUInt64LE(entry + 8));
      yield { kind: library.readUInt16LE(entry), arch: library.readUInt32LE(entry + 28), start, end };
      entry = end;
    }
    at = Math.ceil(containerEnd / 8) * 8;
  }
}

function sectionOf(file: Buffer, name: string): { readonly offset: number; readonly size: number } {
  const [table, size] = [Number(file.readBigUInt64LE(40)), file.readUInt16LE(58)];
  const section = (index: number) => {
    const at = table + index * size;
    return {
      name: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  };
  const texts = section(file.readUInt16LE(62)).offset;
  for (let index = 0; index < file.readUInt16LE(60); index++) {
    const found = section(index);
    const start = texts + found.name;
    if (file.toString('latin1', start, file.indexOf(0, start)) === name) return found;
  }
  throw new SparseError('BAD_FILE', 'library', 'a CUDA library, which has a section .nv_fatbin', new Error('one without'));
}
