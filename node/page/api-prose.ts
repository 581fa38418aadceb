// The document's prose on the page: of Markdown it has paragraphs and code, and nothing else.
import { code } from './fragments.ts';
import { type Markup, markup } from './markup.ts';

export function paragraphs(text: string): Markup {
  return markup`${text.split('\n\n').map((one) => markup`<p>${prose(one)}</p>`)}`;
}

/** What stands between backticks, as code. */
export function prose(text: string): Markup {
  return markup`${text.split('`').map((part, at) => (at % 2 === 0 ? part : code(part)))}`;
}
