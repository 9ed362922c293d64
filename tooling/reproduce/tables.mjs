/** The tables of docs/reproduction.md, from what `freetickets compare --format json` and `freetickets evaluate` wrote. */

const percent = (value) => (100 * value).toFixed(2);
const digits = (count) => (value) => value.toFixed(count);

/** A figure of `compare`, its heading and how it is written. */
const FIGURES = [
  ['accuracy', 'accuracy %', percent],
  ['nll', 'NLL', digits(4)],
  ['ece', 'ECE %', percent],
  ['cAcc', 'cAcc %', percent],
  ['cNLL', 'cNLL', digits(4)],
  ['cECE', 'cECE %', percent],
  ['disagreement', 'disagreement %', percent],
  ['kl', 'KL', digits(4)],
];
const COSTS = [
  ['trainingRelative', 'training FLOPs', (value) => `${value.toFixed(2)}x`],
  ['inferenceRelative', 'inference FLOPs', (value) => `${value.toFixed(2)}x`],
  ['seconds', 'seconds', digits(0)],
  ['parameters', 'parameters', (value) => Math.round(value).toLocaleString('en')],
  ['exploration', 'R_s %', percent],
];

/** Rows as people call them: a label of `compare` is the method, its tickets and its growth rule. */
function nameOf(label) {
  const [method, tickets, growth] = label.split(', ');
  if (method === 'dst' && tickets === '1') return growth === 'random' ? 'SET (1 network)' : 'RigL (1 network)';
  if (method === 'dense') return tickets === '1' ? 'dense (1 network)' : 'deep ensemble';
  return method;
}

/**
 * Every method: its figures with half of their interval, then what it costs.
 * @param rows of `compare --format json`
 * @param timed rows of the same labels, whose seconds are those of a quiet machine; none: the column is left out
 */
export function methodsTable(rows, timed) {
  const sets = Object.keys(rows[0].figures).filter((id) => id.startsWith('auroc.'));
  const measured = [...FIGURES, ...sets.map((id) => [id, `AUROC ${id.slice('auroc.'.length)} %`, percent])];
  const figures = measured.filter(([id]) => rows.some((row) => row.figures[id]));
  const costsShown = COSTS.filter(([id]) => id !== 'seconds' || timed.length > 0);
  const body = rows.map(({ label, figures: own }) => {
    const seconds = timed.find((row) => row.label === label)?.figures.seconds;
    const costs = costsShown.map(([id, , text]) => plain(id === 'seconds' ? seconds : own[id], text));
    return [nameOf(label), ...figures.map(([id, , text]) => withInterval(own[id], text)), ...costs];
  });
  return markdown(['method', ...[...figures, ...costsShown].map(([, heading]) => heading)], body);
}

const plain = (figure, text) => (figure ? text(figure.value) : '-');

function withInterval(figure, text) {
  if (!figure) return '-';
  const { value, low, high } = figure;
  return low == null || high == null ? text(value) : `${text(value)} ± ${text((high - low) / 2)}`;
}

const SCORES = [
  ['accuracy', 'accuracy %', percent, Math.max],
  ['nll', 'NLL', digits(4), Math.min],
  ['ece', 'ECE %', percent, Math.min],
];

/**
 * Every ensemble beside its members: the mean one, and the best one by each score, in the mean over seeds.
 * @param resultsOf what `evaluate` wrote of a run
 */
export function membersTable(rows, resultsOf) {
  const body = rows.flatMap(({ label, runs }) => {
    const results = runs.map(resultsOf);
    if (results[0].members.length < 2) return [];
    const cells = SCORES.flatMap(([score, , text, best]) => {
      const members = results.map((result) => result.members.map((member) => member[score]));
      const ensembles = results.map(({ ensemble }) => ensemble[score]);
      return [ensembles, members.map(mean), members.map((own) => best(...own))].map((values) => text(mean(values)));
    });
    return [[nameOf(label), ...cells]];
  });
  const headings = SCORES.flatMap(([, heading]) => [heading, 'mean member', 'best member']);
  return markdown(['method', ...headings], body);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The first column to the left, all others to the right. */
function markdown(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), `| --- |${' ---: |'.repeat(header.length - 1)}`, ...rows.map(line)].join('\n');
}

/** Puts `body` between the lines `<!-- table:NAME -->` and `<!-- /table:NAME -->` of a document. */
export function replaceSection(document, name, body) {
  const [begin, end] = [`<!-- table:${name} -->\n`, `<!-- /table:${name} -->`];
  const start = document.indexOf(begin);
  const stop = document.indexOf(end, start);
  if (start < 0 || stop < 0) throw new Error(`docs/reproduction.md: expected the lines ${begin.trim()} and ${end}, received none`);
  return `${document.slice(0, start + begin.length)}\n${body}\n\n${document.slice(stop)}`;
}
