/** The OpenAPI document against its own standard, against the routes, and against what the server really answers. */
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createService, type RunningService } from '../create-service.ts';
import { KeyGate } from '../security/key-gate.ts';
import { httpApp } from '../serve.ts';

interface Document {
  readonly paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema: { $ref: string } }> }> }>>;
  readonly components: { readonly schemas: object };
}

const rows = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-rows.onnx', import.meta.url));
let service: RunningService;
let app: FastifyInstance;
let document: Document;
const routes: string[] = [];

beforeAll(async () => {
  service = await createService({
    models: { rows: { path: rows } },
    control: 'explicit',
    loadAtStart: ['*'],
    threads: 1,
    logLevel: 'silent',
  });
  app = httpApp({ service, gate: new KeyGate(), onRoute: (method, url) => routes.push(`${method.toLowerCase()} ${url}`) });
  document = (await app.inject('/openapi.json')).json();
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const inputs = [
  { name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] },
  { name: 'pick', datatype: 'INT64', shape: [1], data: [1] },
];

it('is a valid document of OpenAPI 3.1', async () => {
  expect(await new Validator().validate(document as never)).toMatchObject({ valid: true });
});

it('names every address there is, and no other', () => {
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const offered = routes.filter((route) => route !== 'get /v2/' && !route.includes('sharedmemory'));
  expect(documented.sort()).toEqual(offered.sort());
});

describe('answers', () => {
  const exchanges: readonly (readonly [method: 'GET' | 'POST', path: string, body?: object])[] = [
    ['GET', '/v2'],
    ['GET', '/v2/health/live'],
    ['GET', '/v2/health/ready'],
    ['POST', '/v2/models/{model}/infer', { inputs }],
    [
      'POST',
      '/v2/models/{model}/versions/{version}/infer',
      { id: 'a', inputs, outputs: [{ name: 'doubled', parameters: { classification: 2 } }] },
    ],
    ['POST', '/v2/models/{model}/infer', { inputs: [] }],
    ['GET', '/v2/models/{model}'],
    ['GET', '/v2/models/{model}/ready'],
    ['GET', '/v2/models/{model}/config'],
    ['GET', '/v2/models/{model}/stats'],
    ['GET', '/v2/models/{model}/drift'],
    ['GET', '/v2/models/stats'],
    ['POST', '/v2/repository/index', {}],
    ['POST', '/v2/repository/models/{model}/load', {}],
    ['POST', '/v2/repository/models/{model}/load', { parameters: { config: '{' } }],
    ['GET', '/v2/trace/setting'],
    ['POST', '/v2/models/{model}/trace/setting', { trace_rate: '5' }],
    ['GET', '/v2/logging'],
    ['POST', '/v2/logging', { log_info: true }],
    ['POST', '/v2/logging', { log_info: 1 }],
  ];

  it.each(exchanges.map(([method, path, body]) => ({ method, path, body })))(
    'of $method $path $body are as it says',
    async ({ method, path, body }) => {
      const ajv = new Ajv2020({ strict: false });
      ajv.addSchema({ $id: 'document', ...document });
      const url = path.replace('{model}', 'rows').replace('{version}', '1');
      const response = await app.inject({ method, url, ...(body && { payload: JSON.stringify(body) }) });
      const { responses } = document.paths[path]![method.toLowerCase()]!;
      const content = (responses[response.statusCode] ?? responses.default!).content;
      if (content === undefined) return expect(response.body).toBe('');
      const validate = ajv.getSchema(`document${content['application/json']!.schema.$ref}`)!;
      expect(validate(response.json()), `${response.body}: ${ajv.errorsText(validate.errors)}`).toBe(true);
    },
  );
});
