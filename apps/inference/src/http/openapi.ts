// The HTTP surface as an OpenAPI 3.1 document, for people and for programs that make clients.

import { type SchemaName, schemas } from './openapi-schemas.ts';

interface Operation {
  readonly summary: string;
  readonly answer: SchemaName;
  readonly request?: SchemaName;
  /** The answer may also be JSON with the bytes of tensors behind it. */
  readonly binary?: true;
}

type Row = readonly [method: 'get' | 'post', path: string, operation: Operation];

/** The same under the model and under one of its versions. */
const ofModel = (method: 'get' | 'post', end: string, operation: Operation): readonly Row[] => [
  [method, `/v2/models/{model}${end}`, operation],
  [method, `/v2/models/{model}/versions/{version}${end}`, operation],
];

const rows: readonly Row[] = [
  ['get', '/v2', { summary: 'Name and version of the server, and what it offers beyond the protocol', answer: 'ServerMetadata' }],
  ['get', '/v2/health/live', { summary: 'Whether the server is there', answer: 'Live' }],
  ['get', '/v2/health/ready', { summary: 'Whether every model answers; 503 while not, and while shutting down', answer: 'Ready' }],
  ...ofModel('get', '', { summary: 'Inputs and outputs', answer: 'ModelMetadata' }),
  ...ofModel('get', '/ready', { summary: 'Whether the model answers', answer: 'ModelReady' }),
  ...ofModel('get', '/config', { summary: "The configuration, under Triton's names", answer: 'ModelConfig' }),
  ...ofModel('get', '/stats', { summary: 'Counts and times', answer: 'Statistics' }),
  ...ofModel('get', '/drift', { summary: 'How far what is sent has moved away from what the model was calibrated on', answer: 'Drift' }),
  ...ofModel('post', '/infer', { summary: 'Computes the model', request: 'InferRequest', answer: 'InferResponse', binary: true }),
  ['get', '/v2/models/stats', { summary: 'Counts and times of all models', answer: 'Statistics' }],
  ['post', '/v2/repository/index', { summary: 'The models and their states', request: 'IndexRequest', answer: 'Index' }],
  ['post', '/v2/repository/models/{model}/load', { summary: 'Loads a model, or loads it anew', request: 'LoadRequest', answer: 'Nothing' }],
  ['post', '/v2/repository/models/{model}/unload', { summary: 'Unloads a model', request: 'UnloadRequest', answer: 'Nothing' }],
  ...['/v2/trace/setting', '/v2/models/{model}/trace/setting'].flatMap((path): Row[] => [
    ['get', path, { summary: 'What is traced', answer: 'TraceSettings' }],
    ['post', path, { summary: 'Changes what is traced; null takes a setting back', request: 'TraceSettings', answer: 'TraceSettings' }],
  ]),
  ['get', '/v2/logging', { summary: 'What is logged', answer: 'LogSettings' }],
  ['post', '/v2/logging', { summary: 'Changes what is logged', request: 'LogSettings', answer: 'LogSettings' }],
  ['get', '/openapi.json', { summary: 'This document', answer: 'OpenApi' }],
];

/** The document. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [method, path, operation] of rows) paths[path] = { ...paths[path], [method]: operationObject(path, operation) };
  return {
    openapi: '3.1.0',
    info: { title: 'FreeTickets inference', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{}, { bearer: [] }, { key: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
    },
  };
}

function operationObject(path: string, { summary, answer, request, binary }: Operation): object {
  const content = (name: SchemaName) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });
  const bytes = { 'application/octet-stream': {} };
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const jsonLength = { in: 'header', name: 'Inference-Header-Content-Length', schema: { type: 'integer' } };
  const parameters = [
    ...names.map((name) => ({ in: 'path', name, required: true, schema: { type: 'string' } })),
    ...(binary ? [jsonLength] : []),
  ];
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(request && { requestBody: { content: { ...content(request), ...(binary && bytes) } } }),
    responses: {
      200: { description: 'done', ...(answer !== 'Nothing' && { content: { ...content(answer), ...(binary && bytes) } }) },
      default: { description: 'what is wrong, in a sentence', content: content('Error') },
    },
  };
}
