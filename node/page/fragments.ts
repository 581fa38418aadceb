// What pages are made of: marks, moments, tables, buttons. State is told by a word and a shape, and never by a colour alone.

import type { Asked, Asker } from './asker.ts';
import { type Markup, markup, trusted } from './markup.ts';

/** Longer than what a narrow column holds. */
const LONG_WORD = /(\S{17,})/;
const JOINT = /(?<=[@/?&=,_])|(?=\.)/;

export type Tone = 'good' | 'wait' | 'bad' | 'off';
const SHAPES: Readonly<Record<Tone, string>> = { good: '●', wait: '◐', bad: '▲', off: '○' };

export function mark(tone: Tone, word: string): Markup {
  return markup`<span class="mark ${tone}"><span aria-hidden="true">${SHAPES[tone]}</span> ${word}</span>`;
}

/** `at`: ISO 8601, UTC. */
export function moment(at: string | null | undefined, nowMs: number): Markup {
  if (at === null || at === undefined || Number.isNaN(Date.parse(at))) return markup`<span class="dim">never</span>`;
  // A date and its time stay in one line.
  const text = `${at.slice(0, 10)}\u00a0${at.slice(11, 19)}`;
  return markup`<time datetime="${at}"><span class="whole">${text}</span> <span class="dim whole">${distance(Date.parse(at) - nowMs)}</span></time>`;
}

/** `3 min ago`, `in 2 h`. */
function distance(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000);
  const [count, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 3_600
        ? [Math.round(seconds / 60), 'min']
        : seconds < 86_400 * 2
          ? [Math.round(seconds / 3_600), 'h']
          : [Math.round(seconds / 86_400), 'days'];
  if (seconds === 0) return 'now';
  return ms > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

export interface Table {
  /** Says what the rows are, to readers of the screen too. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (Markup | string | number)[])[];
  /** In place of a table without rows. */
  readonly empty: string;
}

/** The first cell of a row names the row. On a narrow screen each row becomes a block, with the column's name before each cell. */
export function table({ caption, columns, rows, empty }: Table): Markup {
  if (rows.length === 0) return markup`<p class="empty">${empty}</p>`;
  const cells = (row: Table['rows'][number]) =>
    row.map((cell, at) =>
      at === 0
        ? markup`<th scope="row" role="rowheader" data-label="${columns[at]}"><div>${worded(cell)}</div></th>`
        : markup`<td role="cell" data-label="${columns[at]}"><div>${worded(cell)}</div></td>`,
    );
  return markup`<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map((name) => markup`<th scope="col" role="columnheader">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => markup`<tr role="row">${cells(row)}</tr>`)}</tbody></table>`;
}

/** Names and what they stand for; a value that is left out is not shown. */
export function facts(list: readonly (readonly [name: string, value: Markup | string | number | undefined])[]): Markup {
  const shown = list.filter(([, value]) => value !== undefined && value !== '');
  return markup`<dl class="facts">${shown.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${worded(value)}</dd></div>`)}</dl>`;
}

/** A link to the next page of a list, and one to its beginning. */
export function pager(path: string, query: Readonly<Record<string, string>>, next: string | undefined): Markup {
  const isFirst = (query.cursor ?? '') === '';
  if (isFirst && next === undefined) return markup``;
  const first = isFirst ? '' : markup`<a href="${link(path, { ...query, cursor: '' })}">From the beginning</a>`;
  const on =
    next === undefined ? '' : markup`<a rel="next" href="${link(path, { ...query, cursor: next })}">Next page</a>`;
  return markup`<nav class="pager" aria-label="Pages of the list">${first} ${on}</nav>`;
}

/** A path with those fields of the query that are not empty. */
export function link(path: string, query: Readonly<Record<string, string>>): string {
  const fields = Object.entries(query).filter(([, value]) => value !== '');
  return fields.length === 0 ? path : `${path}?${new URLSearchParams(fields)}`;
}

export interface Action {
  readonly to: string;
  readonly label: string;
  /** Names what is acted on, where several buttons have one label. */
  readonly about?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** What the action asks of the API. */
  readonly needs: Asked;
  readonly isGrave?: boolean;
}

/** Names of events or settings, one below the other: none breaks within. */
export function wholeNames(names: readonly string[]): Markup {
  return markup`${names.map((name, at) => markup`${at === 0 ? '' : trusted('<br>')}<span class="whole">${name}</span>`)}`;
}

/** A text whose long words (addresses, URLs) break at their joints. */
export function breakable(text: string): Markup {
  return markup`${text.split(LONG_WORD).map((run, at) => (at % 2 === 0 ? run : jointed(run)))}`;
}

function jointed(word: string): Markup {
  return markup`${word.split(JOINT).map((part, at) => (at === 0 ? part : markup`<wbr>${part}`))}`;
}

function worded(value: Markup | string | number | undefined): Markup | string | number | undefined {
  return typeof value === 'string' ? breakable(value) : value;
}

/** A button that does something; for who may not, one that says so and does nothing. */
export function action(asker: Asker, { to, label, about, fields = {}, needs, isGrave = false }: Action): Markup {
  const name = about === undefined ? '' : markup`<span class="unseen"> ${about}</span>`;
  const why = asker.refuses(needs);
  if (why !== undefined)
    return markup`<button type="button" disabled title="${why.message}">${label}${name}<span class="unseen"> (not allowed: ${why.message})</span></button>`;
  const hidden = Object.entries({ ...fields, formToken: asker.formToken }).map(
    ([field, value]) => markup`<input type="hidden" name="${field}" value="${value}">`,
  );
  return markup`<form method="post" action="${to}">${hidden}<button class="${isGrave ? 'grave' : ''}">${label}${name}</button></form>`;
}

/** Text to be copied; with a script a button does it. */
export function snippet(label: string, text: string): Markup {
  return markup`<figure class="snippet"><figcaption>${label}</figcaption><pre tabindex="0" aria-label="${label}"><code>${text}</code></pre></figure>`;
}

export function code(text: string): Markup {
  return markup`<code>${text}</code>`;
}
