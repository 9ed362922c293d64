/** `pnpm bench serve`: the server and those that people use instead, on the same model files, under the same load, in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelByName } from '@freetickets/sparse-core';
import { writeForms } from '../ensemble/files.ts';
import { randomImages } from '../ensemble/images.ts';
import { installServers } from '../environment.ts';
import type { Table } from '../markdown.ts';
import { answerOf, closedLoop, type Load, type Question, questionOf } from '../serving/load.ts';
import { type Running, SERVERS, start } from '../serving/servers.ts';
import { asked, type Settings, type Suite } from '../suite.ts';

const SPARSITY = 0.9;
const MODELS = ['lenet-5', 'wrn-16-2'].flatMap((network) =>
  [1, 3].map((members) => ({ name: members === 1 ? network : `${network}, ${members} members`, network, members })),
);
const CLIENTS = [1, 8, 64];
/** Further numbers of clients, tried for the highest rate whose p99 stays below the bound. */
const MORE_CLIENTS = [2, 4, 16, 32, 128];
const P99_BOUND = 50;
const LARGEST_DIFFERENCE = 1e-4;
/** Clients of the load that comes before all others and is not measured: just-in-time compilers have done their work then, as in any server that is not new. */
const WARM_UP = 8;

export interface ServeCase {
  readonly name: string;
  readonly server: string;
  /** The best of all turns, for each number of clients. */
  readonly loads: readonly Load[];
  readonly failed?: string;
}

export const serve: Suite = {
  name: 'serve',
  about: 'requests a second and p99 of the server, Triton, MLServer and FastAPI',
  async run({ settings, say }) {
    installServers(say);
    const folder = mkdtempSync(join(tmpdir(), 'freetickets-bench-'));
    const cases: ServeCase[] = [];
    try {
      for (const model of asked(MODELS, settings)) cases.push(...(await compare(model, folder, settings, say)));
    } finally {
      rmSync(folder, { recursive: true });
    }
    const failures = cases.flatMap(({ name, server, failed }) =>
      failed === undefined ? [] : [`No figures for ${name} from ${server}: ${failed}`],
    );
    return { cases, table: tableOf(cases), notes: [...ratiosOf(cases), ...failures] };
  },
};

interface Side {
  /** The server and the form of tensors. */
  readonly name: string;
  readonly running: Running;
  readonly question: Question;
  readonly loads: Map<number, Load>;
}

async function compare(
  { name, network, members }: (typeof MODELS)[number],
  folder: string,
  { seed, pace, quick }: Settings,
  say: (line: string) => void,
): Promise<ServeCase[]> {
  const file = writeForms({ network, members, sparsity: SPARSITY, seed }, folder, ['fused'])[0]!.files[0]!;
  const { shape } = modelByName(network).input;
  const data = randomImages([1, ...shape], seed);
  const sides: Side[] = [];
  const failed: ServeCase[] = [];
  for (const server of SERVERS) {
    say(`serve: ${name}, ${server.name}`);
    try {
      const running = await start(server, file);
      for (const form of server.forms) {
        const question = questionOf('images', 'probabilities', shape, data, form === 'binary');
        sides.push({ name: `${server.name}, ${form}`, running, question, loads: new Map() });
      }
    } catch (cause) {
      failed.push({ name, server: server.name, loads: [], failed: (cause as Error).message });
    }
  }
  try {
    await checkAnswers(sides);
    for (const { running, question } of sides) await closedLoop(running.url, question, WARM_UP, 5 * pace.leastMs);
    for (const clients of quick ? CLIENTS : [...CLIENTS, ...MORE_CLIENTS])
      for (let round = 0; round < Math.ceil(pace.rounds / 3); round++)
        for (const { running, question, loads } of sides) {
          const load = await closedLoop(running.url, question, clients, 5 * pace.leastMs);
          if (load.rate > (loads.get(clients)?.rate ?? 0)) loads.set(clients, load);
        }
  } finally {
    await Promise.all([...new Set(sides.map(({ running }) => running))].map((running) => running.stop()));
  }
  const measured = sides.map((side) => ({
    name,
    server: side.name,
    loads: [...side.loads.values()],
  }));
  return [...measured, ...failed];
}

/** A server that is fast because it answers something else must not take part. */
async function checkAnswers(sides: readonly Side[]): Promise<void> {
  const answers = await Promise.all(sides.map(({ running, question }) => answerOf(running.url, question)));
  for (const [k, answer] of answers.entries()) {
    const difference = Math.max(...answer.map((value, n) => Math.abs(value - answers[0]![n]!)));
    if (answer.length !== answers[0]!.length || !(difference <= LARGEST_DIFFERENCE))
      throw new Error(`${sides[k]!.name} answers ${answer.length} numbers that differ by ${difference} from those of ${sides[0]!.name}`);
  }
}

const rateAt = ({ loads }: ServeCase, clients: number): number | undefined => loads.find((load) => load.clients === clients)?.rate;
/** The highest rate with a p99 within the bound. */
const boundedRate = ({ loads }: ServeCase): number | undefined =>
  loads.filter(({ p99 }) => p99 <= P99_BOUND).reduce<number | undefined>((best, { rate }) => Math.max(best ?? 0, rate), undefined);
const whole = (value: number | undefined): string => value?.toFixed(0) ?? '-';

/** Requests a second, and the p99 of each number of clients. */
export function tableOf(cases: readonly ServeCase[]): Table {
  const columns = CLIENTS.flatMap((count) => [`${count === 1 ? '1 client' : `${count} clients`}, a second`, 'p99, ms']);
  const rows = cases.map((one) => [
    one.name,
    one.server,
    ...CLIENTS.flatMap((count) => [
      whole(rateAt(one, count)),
      one.loads.find(({ clients }) => clients === count)?.p99.toPrecision(3) ?? '-',
    ]),
    whole(boundedRate(one)),
  ]);
  return { header: ['model', 'server', ...columns, `a second at a p99 within ${P99_BOUND} ms`], rows };
}

/** Ours over each peer, in the same form of tensors; and three sparse members over one dense network. */
export function ratiosOf(cases: readonly ServeCase[]): string[] {
  const of = (name: string, server: string) => cases.find((one) => one.name === name && one.server === server);
  const compared = (label: string, ours: ServeCase | undefined, peer: ServeCase | undefined): string[] => {
    if (!ours || !peer) return [];
    const ratio = (a: number | undefined, b: number | undefined) => (a && b ? (a / b).toFixed(2) : '-');
    const parts = CLIENTS.map((count) => ratio(rateAt(ours, count), rateAt(peer, count)));
    return [
      `${label}: ${parts.join(' / ')} at ${CLIENTS.join(' / ')} clients, ${ratio(boundedRate(ours), boundedRate(peer))} at the bound.`,
    ];
  };
  return MODELS.flatMap(({ name, network, members }) => [
    ...compared(`${name}, binary, onnxruntime, over Triton`, of(name, 'FreeTickets, onnxruntime, binary'), of(name, 'Triton, binary')),
    ...compared(`${name}, binary, sparse engine, over Triton`, of(name, 'FreeTickets, sparse engine, binary'), of(name, 'Triton, binary')),
    ...['Triton', 'MLServer', 'FastAPI'].flatMap((peer) =>
      ['onnxruntime', 'sparse engine'].flatMap((engine) =>
        compared(`${name}, JSON, ${engine}, over ${peer}`, of(name, `FreeTickets, ${engine}, JSON`), of(name, `${peer}, JSON`)),
      ),
    ),
    ...(members === 1
      ? []
      : compared(
          `${members} sparse members over one dense ${network} in onnxruntime, here`,
          of(name, 'FreeTickets, sparse engine, binary'),
          of(network, 'FreeTickets, onnxruntime, binary'),
        )),
  ]);
}
