// The form of a draft, and what somebody has changed in it. What he has left as it was is not changed, whatever browsers make of it.
import type { Asker } from '../../page/asker.ts';
import { type Markup, markup, trusted, verbatim } from '../../page/markup.ts';
import type { Draft } from '../draft.ts';
import { draftBody } from '../http/draft-body.ts';
import { type DraftChangeForm, draftChange } from '../http/draft-forms.ts';
import { checked } from '../http/input.ts';
import { acting } from './mailbox-door.ts';

const PEOPLE = ['to', 'cc', 'bcc', 'reply_to'] as const;
const FIELDS = [...PEOPLE, 'subject', 'text', 'html', 'labels', 'send_at'] as const;
type Field = (typeof FIELDS)[number];

/** The fields of the form as texts. */
export type DraftTyped = Readonly<Record<Field, string>>;

/** Characters of a body that can be edited here, and octets of the form: percent-encoded, a character takes up to twelve. */
const EDITED_CHARACTERS_MAX = 262_144;
export const DRAFT_FORM_BYTES_MAX = 4 * 1_024 * 1_024;

const LINE_CHARACTERS = 35;
const PEOPLE_ROWS_MAX = 8;

const LABELS: Readonly<Record<Field, string>> = {
  to: 'To, one a line',
  cc: 'Copy to, one a line',
  bcc: 'Blind copy to, one a line',
  reply_to: 'Answers go to, one a line',
  subject: 'Subject',
  text: 'Text',
  html: 'HTML',
  labels: 'Labels, with commas between them',
  send_at: 'Goes at (UTC); empty: when somebody sends it',
};

/** `typed`: in place of what the draft says. */
export function draftForm(
  draft: Draft,
  { path, asker, typed }: { readonly path: string; readonly asker: Asker; readonly typed: DraftTyped | undefined },
): Markup {
  const said = typed ?? saidBy(draft);
  const why = asker.refuses(acting);
  const dead = why === undefined ? '' : trusted(' disabled');
  if (isTooLong(draft))
    return markup`<p class="empty">It is too long to be changed here; a program does that by PATCH.</p>`;
  const lines = (field: Field, rows: number) => markup`<div><label for="${field}">${LABELS[field]}</label>
<textarea id="${field}" name="${field}" rows="${rows}" spellcheck="false"${dead}>
${verbatim(said[field])}</textarea></div>`;
  const line = (field: Field, type: string) => markup`<div><label for="${field}">${LABELS[field]}</label>
<input id="${field}" name="${field}" type="${type}"${type === 'datetime-local' ? trusted(' step="1"') : ''} value="${verbatim(said[field])}" autocomplete="off"${dead}></div>`;
  const people = (field: Field) => lines(field, rowsOf(said[field]));
  return markup`<form method="post" action="${path}/edit" class="edit">
${PEOPLE.map(people)}
${line('subject', 'text')}
${lines('text', 12)}
${draft.html === undefined ? '' : lines('html', 12)}
${line('labels', 'text')}
${line('send_at', 'datetime-local')}
<input type="hidden" name="revision" value="${draft.revision}"><input type="hidden" name="formToken" value="${asker.formToken}">
<button${dead}>Save</button>
</form>
${why === undefined ? '' : markup`<p class="dim">${why.message}</p>`}`;
}

/** Whether the page has a form with what the draft says. */
export function isEdited(draft: Draft): boolean {
  return draft.status !== 'sending' && !isTooLong(draft);
}

function isTooLong({ text = '', html = '' }: Draft): boolean {
  return Math.max(text.length, html.length) > EDITED_CHARACTERS_MAX;
}

/** Rows of a field in which long lines break. */
function rowsOf(text: string): number {
  const rows = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE_CHARACTERS)), 0);
  return Math.min(rows, PEOPLE_ROWS_MAX);
}

/** What was typed; a field that the form does not have is as the draft says. */
export function typedIn(form: URLSearchParams, draft: Draft): DraftTyped {
  const said = saidBy(draft);
  const entries = FIELDS.map((field) => [field, (form.get(field) ?? said[field]).replaceAll('\r\n', '\n')]);
  return Object.fromEntries(entries) as Record<Field, string>;
}

/** `undefined`: nothing was changed. Throws `validation_error`. */
export function changeIn(typed: DraftTyped, draft: Draft): DraftChangeForm | undefined {
  const said = saidBy(draft);
  const changed = FIELDS.filter((field) => typed[field].trim() !== said[field].replaceAll('\r\n', '\n').trim());
  const members = changed.filter((field) => field !== 'labels').map((field) => [field, memberOf(field, typed[field])]);
  const labels = wordsIn(typed.labels, ',');
  const added = labels.filter((label) => !draft.labels.includes(label));
  const removed = draft.labels.filter((label) => !labels.includes(label));
  if (members.length + added.length + removed.length === 0) return undefined;
  const body = { ...Object.fromEntries(members), add_labels: added, remove_labels: removed };
  return checked(draftChange, body, 'form');
}

/** A field as `PATCH …/drafts/:draft_id` takes it; what is empty clears. */
function memberOf(field: Field, text: string): unknown {
  if (PEOPLE.some((one) => one === field)) return wordsIn(text, '\n');
  if (text.trim() === '') return null;
  if (field !== 'send_at') return text;
  // Browsers leave the seconds out where they are none.
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00Z` : `${text}Z`;
}

function wordsIn(text: string, between: string): readonly string[] {
  return text
    .split(between)
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function saidBy(draft: Draft): DraftTyped {
  const { to, cc, bcc, reply_to, send_at = '' } = draftBody(draft);
  const lines = (people: readonly string[] | undefined) => (people ?? []).join('\n');
  return {
    ...{ to: lines(to), cc: lines(cc), bcc: lines(bcc), reply_to: lines(reply_to) },
    ...{ subject: draft.subject ?? '', text: draft.text ?? '', html: draft.html ?? '' },
    ...{ labels: draft.labels.join(', '), send_at: send_at.slice(0, send_at.endsWith(':00.000Z') ? 16 : 19) },
  };
}
