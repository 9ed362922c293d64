/** HTML elements in few words. Text goes in as text, so that no name of a run can become markup. */

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function button(label: string, act: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button' }, label);
  made.addEventListener('click', act);
  return made;
}

/** A choice with a label. */
export function choice(label: string, names: readonly string[], chosen: number, act: (index: number) => void): HTMLLabelElement {
  const options = names.map((name, index) => element('option', { value: String(index) }, name));
  const select = element('select', {}, ...options);
  select.selectedIndex = chosen;
  select.addEventListener('change', () => act(select.selectedIndex));
  return element('label', {}, `${label} `, select);
}

/** A table that scrolls by itself where the screen is narrow, by keyboard too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], name: string, style = ''): HTMLElement {
  const head = element('tr', {}, ...header.map((text) => element('th', { scope: 'col' }, text)));
  const body = rows.map((cells) => element('tr', {}, ...cells.map((text) => element('td', {}, text))));
  const made = element(
    'table',
    { class: style },
    ...(header.length > 0 ? [element('thead', {}, head)] : []),
    element('tbody', {}, ...body),
  );
  return element('div', { class: 'wrap', tabindex: '0', role: 'region', 'aria-label': name }, made);
}
