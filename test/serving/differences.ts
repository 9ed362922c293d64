/**
 * Where this server means to answer otherwise than Triton. Each sentence stands in docs/serving.md too, and each is used: a difference that
 * nobody wrote down fails the test, and so does one that is no longer there.
 */
import type { Difference } from './compare.ts';

export interface Deliberate {
  /** As in docs/serving.md. */
  readonly sentence: string;
  /** Names of recorded requests. */
  readonly requests: RegExp;
  /** Statuses of Triton and of ours; where absent, both are 200 and `fields` differ. */
  readonly statuses?: readonly [number | string, number | string];
  /** Paths that may differ. */
  readonly fields?: RegExp;
  /** What Triton gives and we do not is no difference. */
  readonly leftOut?: boolean;
}

const refused = [200, 400] as const;

export const httpDifferences: readonly Deliberate[] = [
  { sentence: "A malformed request is the client's fault: 400 where Triton says 500.", requests: /./, statuses: [500, 400] },
  {
    sentence: 'What is not there is 404: readiness, statistics and trace settings of an unknown model or version, where Triton says 400.',
    requests: /ready|stats|version 9{20}|absent\/trace/,
    statuses: [400, 404],
  },
  { sentence: 'Loading a model that is not in the repository is 404, not 500.', requests: /load: unknown/, statuses: [500, 404] },
  { sentence: 'Unloading a model that is not in the repository is 404, not 200.', requests: /unload: unknown/, statuses: [200, 404] },
  {
    sentence: 'A model of the repository that is not loaded is 503: it may be soon. Triton says 404, and 400 for its readiness.',
    requests: /after unload/,
    statuses: [404, 503],
  },
  {
    sentence: 'A model of the repository that is not loaded is 503: it may be soon. Triton says 404, and 400 for its readiness.',
    requests: /ready: after unload/,
    statuses: [400, 503],
  },
  {
    sentence: 'Names in addresses are percent-decoded once, as clients encode them.',
    requests: /%64igits/,
    statuses: [404, 200],
  },
  {
    sentence: 'Names in addresses are percent-decoded once, as clients encode them.',
    requests: /%64igits.*ready/,
    statuses: [400, 200],
  },
  { sentence: 'Versions are compared as text: `01` is not `1`.', requests: /version 01/, statuses: [200, 404] },
  {
    sentence: 'Health and readiness answer with the JSON of the Open Inference Protocol, not with nothing.',
    requests: /health|ready/,
    fields: /^body$/,
  },
  {
    sentence: "The server's name, version and extensions are its own; `sequence` and shared memory are not among them.",
    requests: /^GET \/v2$/,
    fields: /^body\.(name|version|extensions)/,
  },
  { sentence: 'Platform and backend of a model are its own.', requests: /^GET/, fields: /^body\.(platform|backend)$/ },
  {
    sentence: 'A configuration holds what this server acts on, without the defaults of the rest.',
    requests: /(digits|kinds|plain).*config$/,
    fields: /^body\.(platform|backend|default_model_filename)$/,
    leftOut: true,
  },
  {
    sentence: 'A model that takes batches is batched dynamically, whether its configuration says so or not.',
    requests: /pair.*config$/,
    fields: /^body\.(platform|backend|default_model_filename|dynamic_batching)$/,
    leftOut: true,
  },
  {
    sentence: 'More rows than max_batch_size are computed in several batches.',
    requests: /infer (digits: 9 rows|pair: five rows)/,
    statuses: [400, 200],
  },
  {
    sentence: 'Data is flat or nested as its shape says, not otherwise.',
    requests: /nested in single elements|deeper data/,
    statuses: refused,
  },
  {
    sentence: 'NaN, Infinity and numbers that the datatype cannot hold are refused in JSON: binary tensors may hold them.',
    requests: /NaN|Infinity|FP32 -?1e\+39/,
    statuses: refused,
  },
  {
    sentence: 'Integers that the datatype cannot hold are refused, not wrapped.',
    requests: /kinds: (UINT8 256|UINT16 65536|UINT32 4294967296|INT8 128|INT8 -129|INT16 32768|INT32 2147483648)/,
    statuses: refused,
  },
  {
    sentence: '64-bit integers beyond 2^53 in JSON requests are refused, because they would lose digits: binary tensors hold them.',
    requests: /kinds: U?INT64 -?\d{16,}/,
    statuses: refused,
  },
  { sentence: 'An integer may be written with a point, as `1.0`.', requests: /INT32 1\.0/, statuses: [500, 200] },
  { sentence: 'JSON begins with no byte order mark.', requests: /byte order mark/, statuses: refused },
  { sentence: 'An output may be asked for once.', requests: /same output twice/, statuses: refused },
  { sentence: 'Sequences are not offered: their parameters are refused.', requests: /: sequence/, statuses: refused },
  {
    sentence: 'Outputs come in the order in which they were asked for.',
    requests: /pair: outputs the other way round/,
    fields: /^body\.outputs/,
  },
  {
    sentence: '`binary_data_output` counts for named outputs too, unless they say otherwise.',
    requests: /pair: binary but one/,
    fields: /^(body\.outputs\.1|data)/,
  },
  { sentence: 'A raw request may hold several rows.', requests: /raw of two rows/, statuses: [400, 200] },
  { sentence: 'A text with zero bytes is refused: onnxruntime would cut it off.', requests: /BYTES 'a\\x00b'/, statuses: refused },
  {
    sentence: 'Answers of less than 1 KiB are not compressed.',
    requests: /(gzip|deflate) out|gzip in and out|deflate preferred/,
    fields: /^content-encoding$/,
  },
  { sentence: 'Compressed data that ends too early is refused.', requests: /broken gzip/, statuses: refused },
  { sentence: 'An unknown content encoding is 415, not 501.', requests: /br in/, statuses: [501, 415] },
  {
    sentence: 'Settings that are unknown or have no such value are refused, not ignored.',
    requests: /(trace|logging): .*unknown/,
    statuses: refused,
  },
  { sentence: 'Traces go to OpenTelemetry.', requests: /trace/, fields: /^body\.trace_mode$/ },
  { sentence: 'Logs are JSON with ISO 8601 times.', requests: /logging/, fields: /^body\.log_format$/ },
  { sentence: 'Shared memory is not offered: 501, and 400 in an inference request.', requests: /sharedmemory/, statuses: [200, 501] },
  { sentence: 'Shared memory is not offered: 501, and 400 in an inference request.', requests: /sharedmemory/, statuses: [500, 501] },
  { sentence: 'Shared memory is not offered: 501, and 400 in an inference request.', requests: /sharedmemory/, statuses: [400, 501] },
  { sentence: 'Shared memory is not offered: 501, and 400 in an inference request.', requests: /shared memory/, statuses: [404, 400] },
];

const ok = ['OK', 'INVALID_ARGUMENT'] as const;

export const grpcDifferences: readonly Deliberate[] = [
  {
    sentence: "The server's name, version and extensions are its own; `sequence` and shared memory are not among them.",
    requests: /^ServerMetadata/,
    fields: /^body/,
  },
  { sentence: 'Platform and backend of a model are its own.', requests: /^ModelMetadata/, fields: /^body\.platform$/ },
  {
    sentence: 'A configuration holds what this server acts on, without the defaults of the rest.',
    requests: /^ModelConfig: (digits|kinds|plain)/,
    fields: /^body\.config\.(platform|backend|default_model_filename|optimization|instance_group\.0\.name)$/,
  },
  {
    sentence: 'A model that takes batches is batched dynamically, whether its configuration says so or not.',
    requests: /^ModelConfig: pair/,
    fields: /^body\.config\.(platform|backend|default_model_filename|optimization|instance_group\.0\.name|dynamic_batching)$/,
  },
  {
    sentence: 'What is not there is 404: readiness, statistics and trace settings of an unknown model or version, where Triton says 400.',
    requests: /ModelStatistics|TraceSetting|digits x|version that is no number/,
    statuses: ['INVALID_ARGUMENT', 'NOT_FOUND'],
  },
  {
    sentence: 'A version that is no number is not ready, as any that is not there.',
    requests: /^ModelReady: digits x/,
    statuses: ['INVALID_ARGUMENT', 'OK'],
  },
  {
    sentence: 'Loading a model that is not in the repository is 404, not 500.',
    requests: /Load: unknown/,
    statuses: ['INTERNAL', 'NOT_FOUND'],
  },
  {
    sentence: 'Unloading a model that is not in the repository is 404, not 200.',
    requests: /Unload: unknown/,
    statuses: ['OK', 'NOT_FOUND'],
  },
  { sentence: 'Settings that are unknown or have no such value are refused, not ignored.', requests: /Setting.*unknown$/, statuses: ok },
  { sentence: 'Traces go to OpenTelemetry.', requests: /^TraceSetting/, fields: /^body\.settings\.trace_mode/ },
  { sentence: 'Logs are JSON with ISO 8601 times.', requests: /^LogSettings/, fields: /^body\.settings\.log_format/ },
  {
    sentence: 'Shared memory is not offered: 501, and 400 in an inference request.',
    requests: /SharedMemory/,
    statuses: ['OK', 'UNIMPLEMENTED'],
  },
  { sentence: 'There are as many raw tensors as inputs, or none.', requests: /two raw tensors/, statuses: ok },
  {
    sentence: 'More rows than max_batch_size are computed in several batches.',
    requests: /nine rows/,
    statuses: ['INVALID_ARGUMENT', 'OK'],
  },
  { sentence: 'An output may be asked for once.', requests: /same output twice/, statuses: ok },
  { sentence: 'Sequences are not offered: their parameters are refused.', requests: /: sequence/, statuses: ok },
];

/** The rule that a set of differences falls under; undefined where there is none. */
export function deliberate(rules: readonly Deliberate[], name: string, differences: readonly Difference[]): Deliberate | undefined {
  const status = differences.find(({ at }) => at === 'status');
  return rules.find(({ requests, statuses, fields, leftOut = false }) => {
    if (!requests.test(name)) return false;
    if (status) return statuses !== undefined && statuses[0] === status.tritons && statuses[1] === status.ours;
    return fields !== undefined && differences.every(({ at, ours }) => fields.test(at) || (leftOut && ours === undefined));
  });
}
