// The page: what is drawn goes to the chosen model, on the server or here, and the answer is shown.

import { type Client, connect, ServerError } from '@freetickets/client';
import type { Answer, Model } from './answer.ts';
import { type LocalModel, openHere, type TicketFiles } from './ask-browser.ts';
import { askServer } from './ask-server.ts';
import { followModel } from './charts.ts';
import { Pad } from './pad.ts';
import { toPlanes } from './picture.ts';
import { showAnswer, showProblem } from './show-answer.ts';

const element = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const [modelChoice, place, alpha] = ['model', 'place', 'alpha'].map((id) => element<HTMLSelectElement>(id)) as [
  HTMLSelectElement,
  HTMLSelectElement,
  HTMLSelectElement,
];
const key = element<HTMLInputElement>('key');
const centre = element<HTMLInputElement>('centre');

let models: readonly Model[] = [];
const local = new Map<string, Promise<LocalModel>>();
const headers = (): Record<string, string> => (key.value === '' ? {} : { authorization: `Bearer ${key.value}` });
const client = (): Client => connect(location.origin, key.value === '' ? {} : { token: key.value });
const chosen = (): Model | undefined => models.find(({ name }) => name === modelChoice.value);

async function fetchFrom(path: string): Promise<Response> {
  const response = await fetch(path, { headers: headers() });
  if (response.ok) return response;
  const { error = response.statusText } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new ServerError(response.status, error);
}

async function listModels(): Promise<void> {
  models = (await (await fetchFrom('/playground/models')).json()) as Model[];
  modelChoice.replaceChildren(...models.map(({ name }) => new Option(name, name)));
  if (models.length === 0) showProblem('The server has no model that takes pictures.');
}

/** The model's tickets, opened once. */
async function here({ name }: Model): Promise<LocalModel> {
  const open = async () =>
    openHere((await (await fetchFrom(`/playground/models/${encodeURIComponent(name)}/tickets`)).json()) as TicketFiles, name);
  if (!local.has(name)) local.set(name, open());
  return local.get(name)!.catch((error: Error) => {
    local.delete(name);
    throw error;
  });
}

let asked = 0;
async function ask(): Promise<void> {
  const model = chosen();
  if (!model) return;
  const mine = ++asked;
  try {
    const planes = toPlanes(pad.pixels, model.shape, centre.checked && pad.drawn && model.shape[0] === 1);
    const level = Number(alpha.value);
    const answer: Answer =
      place.value === 'browser' ? await (await here(model))(planes, level) : await askServer(client(), model, planes, level);
    if (mine === asked) showAnswer(answer, model); // else something newer was drawn meanwhile
  } catch (error) {
    if (mine === asked) showProblem(error instanceof Error ? error.message : String(error));
  }
}

const pad = new Pad(element('pad'), () => void ask());
element('clear').addEventListener('click', () => {
  pad.clear();
  element('verdict').textContent = 'Nothing asked yet.';
  element('verdict').className = '';
  element('answer').hidden = true;
});
element<HTMLInputElement>('file').addEventListener('change', ({ target }) => {
  const [file] = (target as HTMLInputElement).files ?? [];
  if (file) pad.show(file).catch(() => showProblem('This is no picture that the browser can read.'));
});
for (const choice of [modelChoice, place, alpha, centre]) choice.addEventListener('change', () => void ask());
const refresh = () => listModels().catch((error: Error) => showProblem(error.message));
key.addEventListener('change', () => void refresh());
element('settings').addEventListener('submit', (event) => event.preventDefault());
followModel(() => {
  const model = chosen();
  return model && { client: client(), model: model.name };
});
void refresh();
