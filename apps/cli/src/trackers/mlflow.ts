/** An MLflow server as a tracker. The run folder keeps which run it is there, so that a run which goes on goes on there too. */
import { openMlflow } from '@freetickets/report';
import { SparseError } from '@freetickets/sparse-core';
import type { Tracker } from './tracker.ts';

const FILE = 'mlflow.json';

/** @throws SparseError INVALID_CONFIG for what is no address */
export function mlflow(url: string, experiment: string): Tracker {
  if (!/^https?:/i.test(url) || !URL.canParse(url))
    throw new SparseError('INVALID_CONFIG', '--mlflow', 'the address of a server, such as http://127.0.0.1:5000', url);
  return {
    async open(folder, start, talk) {
      const earlier = start.resumed && ((await folder.readJson(FILE)) as { url?: string; runId?: string } | undefined);
      return openMlflow(
        {
          url,
          experiment,
          headers: credentials(process.env),
          runId: earlier?.url === url ? earlier.runId : undefined,
          onRun: (runId) => folder.writeJson(FILE, { url, runId }),
          onGivenUp: (reason) => talk.say(`note: MLflow at ${url} is told no more of this run, which goes on: ${reason}`),
        },
        start,
      );
    },
  };
}

/** As MLflow's own clients find them. */
function credentials(environment: NodeJS.ProcessEnv): Record<string, string> {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = environment;
  if (user !== undefined && password !== undefined)
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
