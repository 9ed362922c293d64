/** The files of deploy/ against the built server: options, addresses, ports and metrics that they name are there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serverOptions } from '@freetickets/inference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Server, startServer } from './server.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url)), 'utf8');

/** Every document of a YAML file. @throws for what is no YAML */
function documents(path: string): Record<string, unknown>[] {
  return parseAllDocuments(read(path)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Record<string, unknown>;
  });
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string | number } };
}

const containers: Record<string, Container> = {
  'kubernetes/server.yaml': (documents('kubernetes/server.yaml')[0] as { spec: { template: { spec: { containers: [Container] } } } }).spec
    .template.spec.containers[0],
  'kubernetes/kserve.yaml': (documents('kubernetes/kserve.yaml')[0] as { spec: { containers: [Container] } }).spec.containers[0],
};

let server: Server;
let page: string;
beforeAll(async () => {
  server = await startServer();
  page = await (await fetch(`http://127.0.0.1:${server.metrics}/metrics`)).text();
});
afterAll(() => server?.stop());

/** Names on the page, and those that Prometheus makes of a histogram's. */
function offered(): Set<string> {
  const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    types.flatMap(([, name, type]) => (type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name!])),
  );
}

const metricsIn = (text: string): string[] => [...new Set(text.match(/\b(?:nv|ft|process)_\w+/g))];

describe.each(Object.entries(containers))('%s', (file, container) => {
  it('gives the server options that it has, with values that they take', () => {
    for (const arg of container.args) {
      const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/.exec(arg) ?? [];
      const option = serverOptions.find((known) => known.name === name);
      expect(option, arg).toBeDefined();
      expect(value === undefined, arg).toBe(option!.kind === 'flag');
      if (option!.kind === 'count') expect(value).toMatch(/^\d+$/);
      if (option!.choices) expect(option!.choices).toContain(value);
    }
  });

  it('probes addresses that answer 200 on a port that is open', async () => {
    const probes = Object.entries(container).filter(([key]) => key.endsWith('Probe')) as [string, Container['readinessProbe']][];
    expect(probes.length).toBeGreaterThanOrEqual(2);
    for (const [, probe] of probes) {
      const { path, port } = probe!.httpGet;
      expect(container.ports.some(({ name, containerPort }) => port === name || port === containerPort)).toBe(true);
      expect((await fetch(`http://127.0.0.1:${server.http}${path}`)).status).toBe(200);
    }
  });

  it('leaves a pod more time than the server may take to end', () => {
    const [first] = documents(file) as [{ spec: { template?: { spec: { terminationGracePeriodSeconds: number } } } }];
    const seconds = (name: string) => Number(container.args.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1] ?? 0);
    const grace = first.spec.template?.spec.terminationGracePeriodSeconds;
    if (grace !== undefined) expect(grace).toBeGreaterThan(seconds('drain-delay') + seconds('drain-timeout'));
  });
});

describe('monitoring', () => {
  it('scrapes the address of the metrics', async () => {
    const [config] = documents('prometheus/prometheus.yml') as [{ scrape_configs: [{ metrics_path: string }] }];
    expect((await fetch(`http://127.0.0.1:${server.metrics}${config.scrape_configs[0].metrics_path}`)).status).toBe(200);
  });

  it('alerts on metrics that there are', () => {
    const [{ groups }] = documents('prometheus/freetickets-rules.yml') as [{ groups: [{ rules: { expr: string }[] }] }];
    const named = metricsIn(groups[0].rules.map(({ expr }) => expr).join(' '));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !offered().has(name))).toEqual([]);
  });

  it('draws metrics that there are', () => {
    const { panels } = JSON.parse(read('grafana/freetickets.json')) as {
      panels: { id: number; title: string; targets: { expr: string }[] }[];
    };
    const named = metricsIn(JSON.stringify(panels));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !offered().has(name))).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

it('the image starts the file that the package has as its command', () => {
  const { bin } = JSON.parse(readFileSync(new URL('../../apps/inference/package.json', import.meta.url), 'utf8')) as {
    bin: Record<string, string>;
  };
  expect(read('Containerfile')).toContain(`/app/${bin['freetickets-inference']}`);
});
