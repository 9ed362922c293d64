/**
 * Leaves the GPU code of one architecture in a CUDA library and blanks that of all others, which then compresses to nothing. Only the section
 * .nv_fatbin changes and every offset stays: it is a list of containers (magic 0xBA55ED50) of entries, each with a header that names its kind
 * (1: PTX, 2: machine code) and its architecture (90: sm_90), and the driver loads the entry of its own GPU alone.
 */

const MAGIC = 0xba55ed50;

/**
 * @param {Buffer} library changed in place
 * @param {number} architecture what stays, such as 90; PTX stays too, which a newer GPU can compile
 * @returns {{ kept: number, blanked: number }} bytes of GPU code
 */
export function pruneFatbin(library, architecture) {
  const { offset, size } = sectionOf(library, '.nv_fatbin');
  const sizes = { kept: 0, blanked: 0 };
  for (let at = offset; at + 16 <= offset + size; ) {
    if (library.readUInt32LE(at) !== MAGIC) {
      at += 8; // padding between containers
      continue;
    }
    const end = at + library.readUInt16LE(at + 6) + Number(library.readBigUInt64LE(at + 8));
    for (let entry = at + library.readUInt16LE(at + 6); entry < end; ) {
      const [kind, header, bytes] = [
        library.readUInt16LE(entry),
        library.readUInt32LE(entry + 4),
        Number(library.readBigUInt64LE(entry + 8)),
      ];
      const stays = kind !== 2 || library.readUInt32LE(entry + 28) === architecture;
      if (!stays) library.fill(0, entry + header, entry + header + bytes);
      sizes[stays ? 'kept' : 'blanked'] += bytes;
      entry += header + bytes;
    }
    at = Math.ceil(end / 8) * 8;
  }
  if (sizes.kept === 0) throw new Error(`the library holds no code for sm_${architecture}`);
  return sizes;
}

/** Of a 64-bit little-endian ELF file. */
function sectionOf(file, name) {
  const [table, size, count, names] = [
    Number(file.readBigUInt64LE(40)),
    file.readUInt16LE(58),
    file.readUInt16LE(60),
    file.readUInt16LE(62),
  ];
  const section = (index) => {
    const at = table + index * size;
    return { name: file.readUInt32LE(at), offset: Number(file.readBigUInt64LE(at + 24)), size: Number(file.readBigUInt64LE(at + 32)) };
  };
  const { offset: texts } = section(names);
  for (let index = 0; index < count; index++) {
    const found = section(index);
    const start = texts + found.name;
    if (file.toString('latin1', start, file.indexOf(0, start)) === name) return found;
  }
  throw new Error(`no section ${name}: this is no CUDA library`);
}
