// What is read of a mail for a list, and for itself, and how many of them make a page: as many as were asked for, unless they are large.

/** Octets of each text that a mail has in a list; with longer ones, a list of a hundred would be some megabytes. */
const ITEM_TEXT_BYTES_MAX = 16 * 1_024;

/** Octets of what one page of mails is made of. A page that would be larger has fewer mails, and the next goes on behind them. */
const PAGE_BYTES_MAX = 4 * 1_024 * 1_024;

/** `bytes`: of what is shown of it. */
export interface PlacedMail {
  readonly row: number;
  readonly at: number;
  readonly bytes: number;
}

const HEAD_COLUMNS = `message.row, message.at, message.message_id, from_text, message.subject, head, message.size, message.updated_at,
  (SELECT inbox_id FROM inbox WHERE inbox.row = message.inbox) AS inbox_id,
  (SELECT thread_id FROM thread WHERE thread.row = message.thread) AS thread_id`;
/** What a mail says by itself is mostly all that it says, and then stands there once (message-row.ts). */
const EXTRACTED = 'iif(octet_length(extracted_text) = 0, text, extracted_text)';
export const TEXT_COLUMNS = `text, html, ${EXTRACTED} AS extracted_text, extracted_html`;
export const COLUMNS = `${HEAD_COLUMNS}, ${TEXT_COLUMNS}`;
const bytesOf = (text: string) => `coalesce(octet_length(${text}), 0)`;
/** Texts that a list leaves out are not even read. */
export const ITEM_COLUMNS = `${HEAD_COLUMNS}, NULL AS html, NULL AS extracted_html, ${['text', 'extracted_text']
  .map((text) => {
    const isLong = `max(${bytesOf('text')}, ${bytesOf('extracted_text')}) > ${ITEM_TEXT_BYTES_MAX}`;
    return `iif(${isLong}, NULL, ${text === 'text' ? text : EXTRACTED}) AS ${text}`;
  })
  .join(', ')}`;
const PART_BYTES = `(SELECT coalesce(sum(400 + ${bytesOf('filename')} + ${bytesOf('content_id')}), 0) FROM part
  WHERE part.message = message.row)`;
/** What a mail adds to a list, and to a thread that is shown with all that its mails say. */
export const ITEM_BYTES = `octet_length(head) + ${PART_BYTES}`;
export const WHOLE_BYTES = [ITEM_BYTES, ...['text', 'html', EXTRACTED, 'extracted_html'].map(bytesOf)].join(' + ');

/** The mails of one page, as many as fit, and where the next begins. */
export function pageOf(rows: readonly PlacedMail[], limit: number) {
  let bytes = 0;
  const fitting = rows.findIndex((one, at) => {
    bytes += one.bytes;
    return at === limit || (at > 0 && bytes > PAGE_BYTES_MAX);
  });
  const shown = fitting === -1 ? [...rows] : rows.slice(0, fitting);
  const last = fitting === -1 ? undefined : shown.at(-1);
  return { shown, next: last && { atMs: last.at, row: last.row } };
}
