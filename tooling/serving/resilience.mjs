// What a server does under load when its worker is killed, and when its model is loaded anew again and again: how long nothing is answered,
// what fails, and how its memory grows. It starts the server itself, on a free port.
//
//   node tooling/serving/resilience.mjs --repository models --model digits --kills 20 --reloads 100

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    repository: { type: 'string' },
    model: { type: 'string' },
    kills: { type: 'string', default: '20' },
    reloads: { type: 'string', default: '100' },
    clients: { type: 'string', default: '8' },
    main: { type: 'string', default: fileURLToPath(new URL('../../apps/inference/dist/main.js', import.meta.url)) },
  },
});

const control = ['--model-control-mode', 'explicit', '--load-model', values.model];
const ports = ['--port', '0', '--grpc-port', 'off', '--metrics-port', 'off'];
const server = spawn(process.execPath, [values.main, '--repository', values.repository, ...control, ...ports], {
  stdio: ['ignore', 'inherit', 'pipe'],
});
const address = await new Promise((resolve, reject) => {
  let text = '';
  server.stderr.on('data', (chunk) => {
    text += chunk;
    const found = /listens on (\S+?),?\s/.exec(text);
    if (found) resolve(found[1]);
  });
  server.once('exit', () => reject(new Error(text)));
});
const url = `${address}/v2/models/${values.model}`;

async function makeRequest() {
  const { inputs } = await (await fetch(url)).json();
  const tensors = inputs.map(({ name, datatype, shape }) => {
    const sizes = shape.map((size) => (size === -1 ? 1 : size));
    return { name, datatype, shape: sizes, data: Array(sizes.reduce((product, size) => product * size, 1)).fill(0) };
  });
  return { method: 'POST', body: JSON.stringify({ inputs: tensors }) };
}
const request = await makeRequest();

const answers = [];
let running = true;
const clients = Array.from({ length: Number(values.clients) }, async () => {
  while (running) {
    const answer = await fetch(`${url}/infer`, request).catch((error) => ({
      status: error.cause?.code ?? error.message,
      text: async () => '',
    }));
    await answer.text();
    answers.push({ status: answer.status, at: performance.now() });
  }
});

/** Processes of the server, the oldest first: that is the worker, for a spare is started after whoever took the last. */
const children = () => readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ').map(Number);
const megabytes = (pid) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
const report = (what, from) => {
  const counts = {};
  for (const { status } of answers.slice(from)) counts[status] = (counts[status] ?? 0) + 1;
  console.log(`${what}: answers ${JSON.stringify(counts)}; the server holds ${megabytes(server.pid)} MiB`);
};

await delay(3000);
report('before', 0);
const gaps = [];
const beforeKills = answers.length;
for (let i = 0; i < Number(values.kills); i++) {
  const seen = answers.length;
  process.kill(children()[0], 'SIGKILL');
  await delay(5000);
  const times = answers.slice(seen - 1).map(({ at }) => at);
  gaps.push(Math.max(...times.slice(1).map((at, n) => at - times[n])));
}
if (gaps.length > 0) {
  gaps.sort((a, b) => a - b);
  report(`${gaps.length} workers killed`, beforeKills);
  console.log(
    `  the longest time without an answer: ${gaps[gaps.length >> 1].toFixed(0)} ms (median), ${gaps.at(-1).toFixed(0)} ms (most)`,
  );
}

const beforeReloads = answers.length;
for (let i = 1; i <= Number(values.reloads); i++) {
  const { status } = await fetch(`${address}/v2/repository/models/${values.model}/load`, { method: 'POST' });
  if (status !== 200) console.log(`load ${i}: ${status}`);
  if (i % 25 === 0) report(`${i} reloads`, beforeReloads);
}
running = false;
await Promise.all(clients);
console.log(execFileSync('uptime', { encoding: 'utf8' }).trim());
server.kill('SIGTERM');
