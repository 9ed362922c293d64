// An answer as tables that people and screen readers read alike.

import type { Answer, Model } from './answer.ts';

const LABELS: Readonly<Record<string, string>> = {
  predictive_entropy: 'Predictive entropy (nats)',
  aleatoric_entropy: 'of which aleatoric',
  mutual_information: 'of which epistemic (mutual information)',
  disagreement: 'Disagreement of tickets',
  ood_score: 'OOD score',
};

const byId = (id: string): HTMLElement => document.getElementById(id)!;
const percent = (p: number): string => `${(100 * p).toFixed(1)} %`;
const top = (values: ArrayLike<number>): number => Array.from(values).reduce((best, p, c, all) => (p > all[best]! ? c : best), 0);

export function showAnswer(answer: Answer, { classes }: Model): void {
  const { probabilities, members, numbers, set } = answer;
  const best = top(probabilities);
  const verdict = byId('verdict');
  const refused = numbers.abstain === 1 || (numbers.abstain === undefined && numbers.ood === 1);
  verdict.className = refused ? 'refused' : 'accepted';
  verdict.textContent = refused
    ? `Refused: ${reasonOf(answer)}. It would have said ${classes[best]}.`
    : `${classes[best]}, ${percent(probabilities[best]!)}`;
  byId('answer').hidden = false;
  fill(
    'classes',
    Array.from(probabilities, (p, c) => [classes[c] ?? String(c), bar(p), set ? (set[c] ? 'yes' : '') : 'not calibrated']),
  );
  fill(
    'votes',
    members.map((own, m) => [`${m + 1}`, classes[top(own)] ?? '', bar(own[top(own)]!)]),
  );
  const rows = Object.keys(LABELS).filter((name) => numbers[name] !== undefined);
  fill('measures', [
    ...rows.map((name) => [LABELS[name]!, numbers[name]!.toFixed(4)]),
    ['Looks foreign', numbers.ood === undefined ? 'not calibrated' : numbers.ood ? 'yes' : 'no'],
    ['Computed by', `${answer.where}, ${answer.milliseconds.toFixed(1)} ms`],
  ]);
}

function reasonOf({ numbers, set }: Answer): string {
  if (numbers.ood === 1) return 'the picture does not look like those the tickets were validated on';
  const count = Array.from(set ?? []).reduce((a, b) => a + b, 0);
  return count === 0 ? 'no class is likely enough' : `${count} classes are possible`;
}

export function showProblem(message: string): void {
  byId('verdict').className = 'refused';
  byId('verdict').textContent = message;
  byId('answer').hidden = true;
}

function bar(p: number): DocumentFragment {
  const meter = document.createElement('meter');
  meter.value = p;
  meter.setAttribute('aria-hidden', 'true'); // the number beside it says the same
  const fragment = document.createDocumentFragment();
  fragment.append(meter, percent(p));
  return fragment;
}

function fill(id: string, rows: readonly (readonly (string | DocumentFragment)[])[]): void {
  byId(id).replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement('tr');
      row.append(
        ...cells.map((content, index) => {
          const cell = document.createElement(index === 0 ? 'th' : 'td');
          if (index === 0) cell.setAttribute('scope', 'row');
          cell.append(content);
          return cell;
        }),
      );
      return row;
    }),
  );
}
