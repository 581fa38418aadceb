// The mails of an inbox as they are taken out of it: all of them, in the order in which they came, those in quarantine and in the trash too.

import type { ExportedMails, ExportQuestion } from '../mail-archive.ts';
import { type MboxMail, mboxEntry, separatorOf } from '../mbox.ts';
import type { Connection } from './database.ts';
import { readRawFile } from './raw-files.ts';

/** Mails of one answer, and octets, where a single mail has not more. */
const MAILS_MAX = 200;
const BYTES_MAX = 4 * 1_024 ** 2;
const ENCODED_OCTETS_MAX = 45;

interface PlacedRow {
  readonly row: number;
  readonly at: number;
  readonly size: number;
}

interface StoredMail {
  readonly from_address: string | null;
  readonly trace: string;
  readonly digest: string;
  readonly content: Uint8Array | null;
  readonly raw_size: number;
}

/** `directory`: of the mailbox's data. */
export async function exportedMails(
  connection: Connection,
  directory: string,
  { inboxId, place }: ExportQuestion,
): Promise<ExportedMails> {
  const sql = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
  const inbox = connection.get<{ row: number }>(sql, inboxId)?.row;
  if (inbox === undefined) return { mails: 0, mbox: Buffer.alloc(0) };
  const { atMs, row } = place ?? { atMs: -1, row: -1 };
  const rows = connection.all<PlacedRow>(NEXT, inbox, atMs, row, inbox, atMs, row, MAILS_MAX + 1);
  const entries: Buffer[] = [];
  let bytes = 0;
  let last: PlacedRow | undefined;
  for (const one of rows.slice(0, MAILS_MAX)) {
    if (entries.length > 0 && bytes + one.size > BYTES_MAX) break;
    bytes += one.size;
    last = one;
    const mail = await archived(connection, directory, one);
    // It was deleted meanwhile.
    if (mail !== undefined) entries.push(mboxEntry(mail));
  }
  const isEnd = last === undefined || last.row === rows.at(-1)?.row;
  const next = isEnd || last === undefined ? {} : { next: { atMs: last.at, row: last.row } };
  return { mails: entries.length, mbox: Buffer.concat(entries), ...next };
}

async function archived(
  connection: Connection,
  directory: string,
  { row, at }: PlacedRow,
): Promise<Pick<MboxMail, 'separator' | 'octets'> | undefined> {
  const stored = connection.get<StoredMail>(STORED, row);
  if (stored === undefined) return undefined;
  const { trace, content, digest, raw_size: size } = stored;
  const raw =
    content === null ? await Array.fromAsync(readRawFile(directory, digest, 0, size)) : [Buffer.from(content)];
  const labels = connection.all<{ label: string }>(
    'SELECT label FROM message_label WHERE message = ? ORDER BY label',
    row,
  );
  const head = [
    `X-Mesh-Time: ${new Date(at).toISOString()}`,
    `X-Mesh-Labels: ${labels.map(({ label }) => written(label)).join(',\r\n ')}`,
    `X-Mesh-Trace: ${Buffer.byteLength(trace)}`,
    // What other programs know of it.
    ...(labels.some(({ label }) => label === 'unread') ? ['Status: O'] : ['Status: RO']),
    '',
  ];
  const octets = Buffer.concat([Buffer.from(head.join('\r\n')), Buffer.from(trace), ...raw]);
  return { separator: separatorOf(stored.from_address ?? '', at), octets };
}

/** A label within a header: in encoded words (RFC 2047) where it is not plain. */
function written(label: string): string {
  if (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(label) && !label.includes('=?')) return label;
  const pieces: string[] = [''];
  for (const character of label) {
    const longer = `${pieces.at(-1)}${character}`;
    if (Buffer.byteLength(longer) > ENCODED_OCTETS_MAX) pieces.push(character);
    else pieces[pieces.length - 1] = longer;
  }
  return pieces.map((piece) => `=?UTF-8?B?${Buffer.from(piece).toString('base64')}?=`).join('\r\n ');
}

const BEHIND = `SELECT row, at, size FROM message WHERE inbox = ? AND hidden = %hidden AND (at, row) > (?, ?) ORDER BY at, row
  LIMIT ${MAILS_MAX + 1}`;
const NEXT = `SELECT row, at, size FROM (SELECT * FROM (${BEHIND.replace('%hidden', '0')}) UNION ALL SELECT * FROM (${BEHIND.replace('%hidden', '1')}))
  ORDER BY at, row LIMIT ?`;
const STORED = `SELECT from_address, trace, raw.digest, raw.content, raw.size AS raw_size FROM message
  JOIN raw ON raw.digest = message.raw WHERE message.row = ?`;
