// The JSON objects of the HTTP surface as schemas of OpenAPI 3.1.

const object = (properties: object, required: readonly string[] = Object.keys(properties), more = false) => ({
  type: 'object',
  properties,
  required,
  ...(!more && { additionalProperties: false }),
});
const array = (items: object) => ({ type: 'array', items });
const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const parameters = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } };
const datatype = {
  type: 'string',
  enum: ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64', 'BYTES'],
};
const shape = (minimum: number) => array({ type: 'integer', minimum });
const tensor = { name: text, datatype, shape: shape(0) };
const duration = object({ count, ns: count });

export const schemas = {
  Error: object({ error: text }),
  Live: object({ live: { type: 'boolean' } }),
  Ready: object({ ready: { type: 'boolean' } }),
  ModelReady: object({ name: text, ready: { type: 'boolean' } }),
  ServerMetadata: object({ name: text, version: text, extensions: array(text) }),
  TensorInfo: object({ name: text, datatype, shape: shape(-1), onRequest: { type: 'boolean' } }, ['name', 'datatype', 'shape']),
  ModelMetadata: object({
    name: text,
    versions: array(text),
    platform: text,
    inputs: array(ref('TensorInfo')),
    outputs: array(ref('TensorInfo')),
  }),
  InferRequest: object(
    {
      id: { ...text, maxLength: 256 },
      parameters,
      inputs: { ...array(ref('RequestInput')), maxItems: 64 },
      outputs: { ...array(object({ name: text, parameters }, ['name'], true)), maxItems: 64 },
    },
    ['inputs'],
    true,
  ),
  RequestInput: object({ ...tensor, parameters, data: { type: 'array' } }, Object.keys(tensor), true),
  InferResponse: object({ model_name: text, model_version: text, id: text, parameters, outputs: array(ref('ResponseOutput')) }, [
    'model_name',
    'model_version',
    'outputs',
  ]),
  ResponseOutput: object({ ...tensor, parameters: object({ binary_data_size: count }), data: { type: 'array' } }, Object.keys(tensor)),
  ModelConfig: object(
    { name: text, platform: text, max_batch_size: count, input: array({ type: 'object' }), output: array({ type: 'object' }) },
    undefined,
    true,
  ),
  Statistics: object({ model_stats: array(ref('ModelStatistics')) }),
  ModelStatistics: object({
    name: text,
    version: text,
    last_inference: count,
    inference_count: count,
    execution_count: count,
    inference_stats: { type: 'object', additionalProperties: duration },
    response_stats: { type: 'object' },
    batch_stats: array(object({ batch_size: count, compute_input: duration, compute_infer: duration, compute_output: duration })),
    memory_usage: { type: 'array' },
  }),
  Drift: { type: 'object' },
  IndexRequest: object({ ready: { type: 'boolean' } }, [], true),
  Index: array(
    object({ name: text, version: text, state: { type: 'string', enum: ['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'] }, reason: text }, [
      'name',
    ]),
  ),
  LoadRequest: object({ parameters: object({ config: text }, [], true) }, [], true),
  UnloadRequest: object({ parameters: object({ unload_dependents: { type: 'boolean' } }, [], true) }, [], true),
  TraceSettings: object({ trace_level: array(text) }, [], true),
  LogSettings: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  OpenApi: { type: 'object' },
  Nothing: { type: 'string', maxLength: 0 },
} as const;

export type SchemaName = keyof typeof schemas;
