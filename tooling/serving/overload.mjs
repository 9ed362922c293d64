// What a server does when more is asked of it than it can compute: first as many requests as it answers (64 clients, one request
// after the other), then three times as many, on a clock that does not wait for answers (Poisson). Says how much was answered, how
// fast what was refused was refused, and what it cost the server's memory and event loop.
//
//   freetickets serve m=model.onnx --max-connections 8192 --max-connections-per-address 8192
//   node tooling/serving/overload.mjs --url http://127.0.0.1:8000/v2/models/m --metrics http://127.0.0.1:8002/metrics --seconds 60

import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000/v2/models/m' },
    metrics: { type: 'string', default: 'http://127.0.0.1:8002/metrics' },
    seconds: { type: 'string', default: '60' },
    factor: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds);
const agent = new Agent({ keepAlive: true, maxSockets: 8000 });

/** A request of one row in the form that clients of Triton send. */
async function makeRequest() {
  const { inputs, outputs } = await (await fetch(values.url)).json();
  const tensors = inputs.map(({ name, datatype, shape }) => {
    const sizes = shape.map((size) => (size === -1 ? 1 : size));
    return { name, datatype, shape: sizes, count: sizes.reduce((product, size) => product * size, 1) };
  });
  if (tensors.some(({ datatype }) => datatype !== 'FP32')) throw new Error('this program asks models of FP32 inputs only');
  const head = {
    inputs: tensors.map(({ count, ...tensor }) => ({ ...tensor, parameters: { binary_data_size: 4 * count } })),
    outputs: [{ name: outputs[0].name, parameters: { binary_data: true } }],
  };
  const json = Buffer.from(JSON.stringify(head));
  const data = tensors.map(({ count }) => Buffer.from(Float32Array.from({ length: count }, (_, i) => (i % 101) / 100).buffer));
  return { body: Buffer.concat([json, ...data]), headers: { 'inference-header-content-length': json.length } };
}

const { body, headers } = await makeRequest();

/** Status and milliseconds of one request. */
function ask() {
  const start = performance.now();
  return new Promise((resolve) => {
    const done = (status) => resolve({ status, ms: performance.now() - start });
    const sent = request(
      `${values.url}/infer`,
      { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } },
      (answer) => {
        answer.resume();
        answer.once('end', () => done(answer.statusCode));
      },
    );
    sent.once('error', (error) => done(error.code));
    sent.end(body);
  });
}

async function closedLoop(clients) {
  const end = performance.now() + 1000 * seconds;
  const answers = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) answers.push(await ask());
    }),
  );
  return answers;
}

async function openLoop(perSecond) {
  let state = Number(values.seed) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const start = performance.now();
  const answers = [];
  let due = 0;
  while (due < 1000 * seconds) {
    const now = performance.now() - start;
    for (; due <= now; due += (-1000 * Math.log(uniform())) / perSecond) answers.push(ask());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Promise.all(answers);
}

const metric = (text, name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
async function server() {
  const text = await (await fetch(values.metrics)).text();
  return {
    megabytes: Math.round(metric(text, 'process_resident_memory_bytes') / 2 ** 20),
    loopMs: (1000 * metric(text, 'ft_event_loop_delay_seconds{percentile="99"}')).toFixed(1),
    cpuSeconds: metric(text, 'process_cpu_seconds_total'),
  };
}
const quantile = (numbers, q) => numbers.sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(q * numbers.length))]?.toFixed(1);

function report(what, answers, before, { megabytes, loopMs, cpuSeconds }) {
  const count = group(answers);
  const cpu = (1e6 * (cpuSeconds - before.cpuSeconds)) / answers.length;
  console.log(
    `\n${what}: ${(answers.length / seconds).toFixed(0)} requests a second; resident ${megabytes} MiB; event loop p99 ${loopMs} ms; ` +
      `${cpu.toFixed(0)} µs of processor time a request`,
  );
  for (const [status, some] of Object.entries(count)) {
    const times = some.map(({ ms }) => ms);
    console.log(
      `  ${status}: ${(some.length / seconds).toFixed(0)} a second, p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms`,
    );
  }
}

function group(answers) {
  const statuses = [...new Set(answers.map(({ status }) => status))];
  return Object.fromEntries(statuses.map((wanted) => [wanted, answers.filter(({ status }) => status === wanted)]));
}

await closedLoop(64); // warm
const warm = await server(); // and the event loop's clock starts anew
const most = await closedLoop(64);
const busy = await server();
report('64 clients', most, warm, busy);
const capacity = most.filter(({ status }) => status === 200).length / seconds;
const asked = await openLoop(Number(values.factor) * capacity);
report(`${values.factor} times that`, asked, busy, await server());
const goodput = asked.filter(({ status }) => status === 200).length / seconds;
console.log(`\nanswered ${((100 * goodput) / capacity).toFixed(0)} % of what it can; ${(await server()).megabytes} MiB afterwards`);
agent.destroy();
