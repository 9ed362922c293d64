/** The page of a report: reads its data, draws the overview and one run at a time, and follows a run that goes on where it is served live. */
import type { Report, ReportRun } from '../src/report.ts';
import { type Chart, closeAll, panel, redraw } from './charts.ts';
import { choice, element, table } from './elements.ts';
import './page.css';
import { corruptionCharts } from './sections/corruptions.ts';
import { memberCharts } from './sections/members.ts';
import { overview } from './sections/overview.ts';
import { topologySection } from './sections/topology.ts';
import { layerCharts, trainingCharts } from './sections/training.ts';
import { uncertaintyCharts } from './sections/uncertainty.ts';

const POLL_MS = 2000;
const main = document.getElementById('report')!;
let chosen = 0;

const made = element('p');
const results = element('div');

function show(report: Report): void {
  closeAll();
  const place = element('div');
  const showRun = () => place.replaceChildren(...runSections(report.runs[chosen]!));
  const names = report.runs.map(({ name }) => name);
  const chooser = choice('Run', names, chosen, (index) => {
    chosen = index;
    showRun();
  });
  showResults(report);
  main.replaceChildren(
    element('h1', {}, report.title),
    made,
    results,
    ...(names.length > 1 ? [element('div', { class: 'tools' }, chooser)] : []),
    place,
  );
  showRun();
}

function showResults(report: Report): void {
  made.textContent = `Made ${report.made}.`;
  results.replaceChildren(...overview(report));
}

/** Of what changes with every epoch. */
const coursesOf = (run: ReportRun): Chart[] => [...trainingCharts(run), ...layerCharts(run)];

/** What makes the page another one, and not the same with newer numbers. */
function shapeOf({ title, runs, costs }: Report): string {
  const { topology, evaluation } = runs[chosen]!;
  const charts = coursesOf(runs[chosen]!).map((chart) => chart.title);
  return JSON.stringify([title, runs.map(({ name }) => name), costs, topology, evaluation, charts]);
}

function runSections(run: ReportRun): HTMLElement[] {
  const { evaluation, topology } = run;
  const groups = [
    { title: 'Training', panels: trainingCharts(run).map(panel) },
    { title: 'Layers', panels: [...layerCharts(run).map(panel), ...(topology ? [topologySection(topology)] : [])] },
    { title: 'Uncertainty', panels: evaluation ? uncertaintyCharts(evaluation).map(panel) : [] },
    { title: 'Members', panels: evaluation ? memberCharts(evaluation).map(panel) : [] },
    { title: 'Corrupted pictures', panels: evaluation ? corruptionCharts(evaluation).map(panel) : [] },
    { title: 'Where it comes from', panels: [table([], run.provenance, 'Provenance', 'facts')] },
  ];
  return groups
    .filter(({ panels }) => panels.length > 0)
    .flatMap(({ title, panels }) => [element('h2', {}, title), element('div', { class: 'grid' }, ...panels)]);
}

const first = document.getElementById('data')!.textContent;
show(JSON.parse(first) as Report);
if (document.body.dataset.live === 'true') follow(first);

/** Asks for the report again and again. Newer numbers go into the charts that are there; of what is new the page is drawn anew, where the reader is. */
function follow(known: string): void {
  const again = async () => {
    const text = await fetch('report.json', { cache: 'no-store' }).then((answer) => (answer.ok ? answer.text() : known));
    if (text !== known) renew(JSON.parse(known) as Report, JSON.parse(text) as Report);
    return text;
  };
  // A server that is gone leaves the last report on the page.
  setTimeout(
    () =>
      again()
        .catch(() => known)
        .then(follow),
    POLL_MS,
  );
}

function renew(known: Report, report: Report): void {
  if (shapeOf(known) === shapeOf(report)) {
    showResults(report);
    for (const chart of coursesOf(report.runs[chosen]!)) redraw(chart);
    return;
  }
  const { scrollY } = window;
  show(report);
  scrollTo(0, scrollY);
}
