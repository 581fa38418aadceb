// A mail as people read it: who, when, what hangs on it, and its text alone.
import { facts, moment } from '../../page/fragments.ts';
import { type Markup, markup } from '../../page/markup.ts';
import { labelMarks, named, sizeOf } from './mail-fragments.ts';
import { inboxPath, messagePath } from './places.ts';
import type { MailboxPageServices } from './services.ts';

/** Characters of one text on a page, of a mail among others and of one by itself: a browser has to take all of it at once. */
const SHOWN_TEXT_MAX = 32_768;
export const WHOLE_TEXT_MAX = 524_288;

/** What the page reads of a mail as the API answers it. */
export interface ShownMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[] | undefined;
  readonly bcc?: readonly string[] | undefined;
  readonly reply_to?: readonly string[] | undefined;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly labels: readonly string[];
  readonly authentication_results?: Readonly<Record<string, string>> | undefined;
  readonly attachments?: readonly ShownFile[] | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  readonly hidden_text?: boolean | undefined;
  readonly message_id: string;
}

export interface ShownFile {
  readonly attachment_id: string;
  readonly filename?: string | undefined;
  readonly content_type?: string | undefined;
  readonly size: number;
}

interface Around {
  readonly inboxId: string;
  readonly services: Pick<MailboxPageServices, 'clock'>;
}

/** One of several mails on a page. */
export function mailArticle(mail: ShownMail, around: Around): Markup {
  const { from } = mail;
  const path = messagePath(around.inboxId, mail.message_id);
  const html = mail.html === undefined ? '' : markup` · <a href="${path}?view=html">its HTML</a>`;
  return markup`<article class="mail" aria-label="Mail of ${from}">
<h2>${from === '' ? '(no sender)' : from}</h2>
${aboutMail(mail, around)}
${mailText(mail, SHOWN_TEXT_MAX)}
<p class="more"><a href="${path}">This mail by itself</a>${html}</p>
</article>`;
}

export function aboutMail(mail: ShownMail, { inboxId, services }: Around): Markup {
  const proof = Object.entries(mail.authentication_results ?? {}).map(([method, result]) => `${method} ${result}`);
  const files = filesOf(mail.attachments ?? [], (id) => messagePath(inboxId, mail.message_id, 'attachments', id));
  return facts([
    ['To', named(mail.to)],
    ['Copy to', named(mail.cc ?? [])],
    ['Blind copy to', named(mail.bcc ?? [])],
    ['Answers go to', named(mail.reply_to ?? [])],
    ['Came', moment(mail.timestamp, services.clock.wallMs())],
    ['Labels', labelMarks(mail.labels, inboxPath(inboxId))],
    ['Who answers for its sender', proof.join(', ')],
    ['Attachments', files],
    ['Message-ID', mail.message_id],
  ]);
}

/** Links to files, which a browser stores and does not show. */
export function filesOf(files: readonly ShownFile[], pathOf: (id: string) => string): Markup | undefined {
  if (files.length === 0) return undefined;
  const items = files.map(
    ({ attachment_id: id, filename, content_type: kind, size }, position) =>
      markup`${position === 0 ? '' : '\n'}<a href="${pathOf(id)}" download>${filename ?? 'without a name'}</a> (${kind ?? 'of no kind'}, ${sizeOf(size)})`,
  );
  return markup`${items}`;
}

export function mailText({ text: said = '', hidden_text: hasHidden }: ShownMail, charactersMax: number): Markup {
  // A page shows other control characters as such.
  const text = said.replaceAll('\r\n', '\n').replaceAll('\t', '    ');
  const hidden =
    hasHidden === true
      ? markup`<p class="dim">It hides a text from who reads it, which is left out here.</p>`
      : markup``;
  if (text.trim() === '') return markup`${hidden}<p class="empty">It has no text.</p>`;
  const rest = text.length - charactersMax;
  const more =
    rest > 0
      ? markup`<p class="dim">And ${rest.toLocaleString('en')} characters more, which are left out here.</p>`
      : '';
  return markup`${hidden}<pre tabindex="0" aria-label="Text of the mail">${text.slice(0, charactersMax)}</pre>${more}`;
}
