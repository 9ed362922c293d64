/** Which weights of each ticket live: one layer at a time, the tickets one after the other or as a film. */
import type { LayerMap, TopologyMaps } from '../../src/report.ts';
import { draw, type Option } from '../charts.ts';
import { button, choice, element } from '../elements.ts';

const FRAME_MS = 900;

export function topologySection({ layers }: TopologyMaps): HTMLElement {
  const place = element('div', { class: 'chart square', role: 'img' });
  const state = { layer: 0, ticket: 0 };
  let film: ReturnType<typeof setInterval> | undefined;
  let chart: ReturnType<typeof draw> | undefined;
  const show = () => {
    const layer = layers[state.layer]!;
    place.setAttribute('aria-label', `Live weights of ${layer.param} in ticket ${state.ticket}`);
    const option = optionOf(layer, state.ticket);
    if (chart) chart.setOption(option);
    else chart = draw(place, option);
  };
  const tickets = layers[0]!.tickets.map((_, index) => `${index}`);
  const ofTicket = choice('Ticket', tickets, 0, (index) => {
    state.ticket = index;
    show();
  });
  const play = button('Play', () => {
    if (film !== undefined) clearInterval(film);
    film = film === undefined ? setInterval(next, FRAME_MS) : undefined;
    play.textContent = film === undefined ? 'Play' : 'Stop';
  });
  const next = () => {
    if (!place.isConnected) return clearInterval(film);
    state.ticket = (state.ticket + 1) % tickets.length;
    ofTicket.querySelector('select')!.selectedIndex = state.ticket;
    show();
  };
  const ofLayer = choice(
    'Layer',
    layers.map(({ param, pixels }) => (pixels ? `${param}, at each pixel` : param)),
    0,
    (index) => {
      state.layer = index;
      show();
    },
  );
  requestAnimationFrame(show);
  const text = 'Density of live weights: rows are outputs, columns inputs; of a layer that sees the pixels, live weights at each of them.';
  const tools = element('div', { class: 'tools' }, ofLayer, ofTicket, ...(tickets.length > 1 ? [play] : []));
  return element('section', { class: 'panel wide' }, element('h3', {}, 'Live weights'), element('p', {}, text), tools, place);
}

function optionOf({ rows, columns, tickets, pixels }: LayerMap, ticket: number): Option {
  const [height, width, all] = pixels ? [pixels.height, pixels.width, pixels.tickets] : [rows, columns, tickets];
  const most = all.reduce((found, own) => own.reduce((a, b) => Math.max(a, b), found), 0.001);
  const numbers = (count: number) => Array.from({ length: count }, (_, k) => String(k));
  return {
    tooltip: { trigger: 'item', confine: true },
    xAxis: { type: 'category', data: numbers(width), axisLabel: { show: false } },
    yAxis: { type: 'category', data: numbers(height), inverse: true, axisLabel: { show: false } },
    grid: { top: 60 },
    visualMap: {
      min: 0,
      max: most,
      calculable: true,
      orient: 'horizontal',
      left: 'center',
      top: 0,
      itemHeight: 80,
      precision: pixels ? 0 : 3,
    },
    series: [{ type: 'heatmap', data: all[ticket]!.map((value, cell) => [cell % width, Math.floor(cell / width), value]) }],
  };
}
