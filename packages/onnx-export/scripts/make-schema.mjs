// Writes src/onnx-schema.ts from onnx.proto, so that the package reads no file at run time and works in a bundle.
// Run it after replacing onnx.proto by a newer official one: node scripts/make-schema.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const schema = protobuf.parse(readFileSync(path('../onnx.proto'), 'utf8')).root.toJSON();
const target = path('../src/onnx-schema.ts');
writeFileSync(
  target,
  `// Made from onnx.proto (the official schema of ONNX) by scripts/make-schema.mjs; not edited by hand.
// SPDX-License-Identifier: Apache-2.0
export const onnxSchema = ${JSON.stringify(schema)};
`,
);
execFileSync('npx', ['biome', 'format', '--write', target], { cwd: path('..'), stdio: 'inherit' });
