/** The page of a report: reads its data, draws the overview and one run at a time, and follows a run that goes on where it is served live. */
import type { Report, ReportRun } from '../src/report.ts';
import { closeAll, panel } from './charts.ts';
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

function show(report: Report): void {
  closeAll();
  const place = element('div');
  const showRun = () => place.replaceChildren(...runSections(report.runs[chosen]!));
  const names = report.runs.map(({ name }) => name);
  const chooser = choice('Run', names, chosen, (index) => {
    chosen = index;
    showRun();
  });
  main.replaceChildren(
    element('h1', {}, report.title),
    element('p', {}, `Made ${report.made}.`),
    ...overview(report),
    ...(names.length > 1 ? [element('div', { class: 'tools' }, chooser)] : []),
    place,
  );
  showRun();
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

/** Asks for the report again and again; draws it anew when it has changed, where the reader is. */
function follow(known: string): void {
  const again = async () => {
    const text = await fetch('report.json', { cache: 'no-store' }).then((answer) => (answer.ok ? answer.text() : known));
    if (text !== known) {
      const { scrollY } = window;
      show(JSON.parse(text) as Report);
      scrollTo(0, scrollY);
    }
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
