// HTML as tagged templates. Every text that is put into one is escaped, and what has no width or turns the direction of writing is shown as
// `\u202e`: names of agents, headers and answers of receivers are chosen by strangers.
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { visibleLines } from '../machine/visible-text.ts';

export type Markup = HtmlEscapedString;
type Value = string | number | boolean | null | undefined | Markup | readonly Value[];

/** Attributes must stand in double quotes. `false`, `null` and `undefined` are left out; lists are joined. */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  // Only promises among the values would make one of it.
  return html(strings, ...values.map(shown)) as Markup;
}

/** What this program itself wrote: styles, scripts, drawings. Never a text from outside. */
export function trusted(text: string): Markup {
  return raw(text);
}

/** What comes back from a form as it stands here: escaped, and nothing else. */
export function verbatim(text: string): Markup {
  return html`${text}` as Markup;
}

function shown(value: Value): Value {
  if (typeof value === 'string') return visibleLines(value);
  return Array.isArray(value) ? value.map(shown) : value;
}
