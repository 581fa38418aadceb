// The body of a mail that is passed on: what its sender says first, then who wrote what it passes on, then that.
import type { WholeMail } from '../stored-mail.ts';

const LINE = '---------- Forwarded message ---------';

/** A body in either form, or in both. */
export interface Body {
  readonly text?: string | undefined;
  readonly html?: string | undefined;
}

/** The body in both forms where either of the two mails has HTML, else text alone. */
export function forwardedBody(own: Body, mail: WholeMail): Body {
  const lines = headLines(mail);
  const { text = '' } = own;
  const quoted = [LINE, ...lines.map(([name, value]) => `${name}: ${value}`), '', mail.text ?? ''].join('\n');
  const asText = text === '' ? quoted : `${text}\n\n${quoted}`;
  if (own.html === undefined && mail.html === undefined) return { text: asText };
  const above = own.html ?? (text === '' ? '' : inHtml(text));
  const head = [LINE, ...lines.map(([name, value]) => `${name}: ${value}`)].map(inHtml).join('<br>\n');
  const below = mail.html ?? inHtml(mail.text ?? '');
  return { text: asText, html: `<div>${above}</div>\n<br>\n<div>${head}<br>\n<br>\n${below}</div>` };
}

function headLines({ from, to, cc, subject = '', headers, atMs }: WholeMail): readonly (readonly [string, string])[] {
  const date = Object.entries(headers).find(([name]) => name.toLowerCase() === 'date')?.[1];
  const all: readonly (readonly [string, string])[] = [
    ['From', from],
    ['Date', date ?? new Date(atMs).toUTCString()],
    ['Subject', subject],
    ['To', to.join(', ')],
    ['Cc', cc.join(', ')],
  ];
  return all.filter(([, value]) => value !== '');
}

/** Text as it is read, within HTML. */
function inHtml(text: string): string {
  const written = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return written.replaceAll(/\r?\n/g, '<br>\n');
}
