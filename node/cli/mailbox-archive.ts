// The mail of an inbox as files, and the other way round: as it comes from the node, some mails at a time, so that an inbox may be larger than
// memory.
import { createReadStream } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { request } from 'undici';
import { type MboxMail, mboxEntry, readMbox } from '../mailbox/mbox.ts';
import { MaildirWriter } from './maildir.ts';
import { NoAnswer, type NodeClientOptions, NodeRefusal, refusalIn, withinAnswerTime } from './node-client.ts';
import type { Report } from './report.ts';

/** The node sends a piece at least this often. */
const SILENT_MS_MAX = 120_000;
/** Octets of one mail, with what a host has put in front of it; more than the node takes. */
const MAIL_BYTES_MAX = 26 * 1_024 ** 2;
/** Mails of one request, and their octets: a machine that has much else to do puts them in within the time of an answer. */
const TOGETHER_MAX = 25;
const TOGETHER_BYTES_MAX = 8 * 1_024 ** 2;
/** Refusals that are told one by one. */
const TOLD_MAX = 20;

export interface WantedExport {
  readonly inbox: string;
  readonly to: string;
  readonly format: 'mbox' | 'maildir';
}

export interface WantedImport {
  readonly inbox: string;
  readonly file: string;
  readonly isUnread: boolean;
}

/** What it writes is there when it is whole, and not before. */
export async function exportInbox(node: NodeClientOptions, { inbox, to, format }: WantedExport): Promise<Report> {
  if (await isThere(to)) throw new Error(`${to} is there: name another place.`);
  const draft = `${to}.part`;
  let mails = 0;
  try {
    const body = await exportOf(node, inbox);
    mails = format === 'mbox' ? await writeFileOf(body, draft) : await writeMaildir(body, draft);
    await moved(draft, to, format);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  return { text: `${to} has the ${mails} mails of ${inbox}.`, value: { inbox, to, format, mails }, ok: true };
}

export async function importMails(node: NodeClientOptions, wanted: WantedImport): Promise<Report> {
  const { inbox, file } = wanted;
  const counts = { stored: 0, duplicate: 0, refused: 0 };
  const refusals: { readonly mail: number; readonly reason: string }[] = [];
  let mails = 0;
  for await (const together of groupsOf(readMbox(createReadStream(file), MAIL_BYTES_MAX))) {
    for (const { status, reason = '' } of await sentInParts(node, wanted, together)) {
      mails += 1;
      counts[status] += 1;
      if (status === 'refused') refusals.push({ mail: mails, reason });
    }
  }
  if (mails === 0) throw new Error(`${file} is no mbox file: there is no line that begins with "From " before a mail.`);
  const lines = [
    `${inbox} has ${counts.stored} mails more; ${counts.duplicate} were there already.`,
    ...refusals.slice(0, TOLD_MAX).map(({ mail, reason }) => `Mail ${mail} of the file was left out: ${reason}`),
    ...(refusals.length > TOLD_MAX ? [`And ${refusals.length - TOLD_MAX} more.`] : []),
  ];
  return { text: lines.join('\n'), value: { inbox, file, ...counts, refusals }, ok: refusals.length === 0 };
}

async function exportOf(
  { url, token, stop, dispatcher }: NodeClientOptions,
  inbox: string,
): Promise<AsyncIterable<Uint8Array>> {
  const answer = await request(`${url}/api/mailbox/inboxes/${encodeURIComponent(inbox)}/export`, {
    ...{ headers: authorization(token), headersTimeout: SILENT_MS_MAX, bodyTimeout: SILENT_MS_MAX },
    ...(stop === undefined ? {} : { signal: stop }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  }).catch((cause: Error) => {
    throw new Error(
      `The node at ${url} does not answer (${cause.message}). Is it running? Say where it is with --url.`,
    );
  });
  if (answer.statusCode >= 400) throw refusalIn(await answer.body.text(), answer.statusCode, url);
  return answer.body;
}

/** Answers how many mails. */
async function writeFileOf(body: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  let mails = 0;
  await withFile(path, async (file) => {
    for await (const mail of readMbox(body, MAIL_BYTES_MAX)) {
      await file.writeFile(mboxEntry(whole(mail)));
      mails += 1;
    }
  });
  return mails;
}

async function writeMaildir(body: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  const maildir = await MaildirWriter.make(path);
  for await (const mail of readMbox(body, MAIL_BYTES_MAX)) await maildir.add(whole(mail));
  return maildir.mails;
}

function whole(mail: MboxMail): MboxMail {
  if (mail.isTooLarge) throw new Error(`The node sent a mail of more than ${MAIL_BYTES_MAX / 1_024 ** 2} MiB.`);
  return mail;
}

async function withFile(path: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Never over what has come there meanwhile. */
async function moved(draft: string, to: string, format: WantedExport['format']): Promise<void> {
  if (format === 'maildir') return await rename(draft, to);
  await link(draft, to);
  await rm(draft);
}

async function* groupsOf(mails: AsyncIterable<MboxMail>): AsyncIterable<readonly MboxMail[]> {
  let together: MboxMail[] = [];
  let bytes = 0;
  for await (const mail of mails) {
    if (together.length > 0 && bytes + mail.octets.length > TOGETHER_BYTES_MAX) {
      yield together;
      [together, bytes] = [[], 0];
    }
    together.push(mail);
    bytes += mail.octets.length;
    if (together.length < TOGETHER_MAX) continue;
    yield together;
    [together, bytes] = [[], 0];
  }
  if (together.length > 0) yield together;
}

interface ImportResult {
  readonly status: 'stored' | 'duplicate' | 'refused';
  readonly reason?: string;
}

/** What became of each. Where the node has no time for all of them, half of them at a time: the same mail again is put in once. */
async function sentInParts(
  node: NodeClientOptions,
  wanted: WantedImport,
  mails: readonly MboxMail[],
): Promise<readonly ImportResult[]> {
  try {
    return await sent(node, wanted, mails);
  } catch (error) {
    const isLater = error instanceof NoAnswer || (error instanceof NodeRefusal && error.status === 503);
    if (!isLater || mails.length === 1) throw error;
    const half = Math.ceil(mails.length / 2);
    const first = await sentInParts(node, wanted, mails.slice(0, half));
    return [...first, ...(await sentInParts(node, wanted, mails.slice(half)))];
  }
}

/** What became of each. */
async function sent(
  { url, token, dispatcher, ...times }: NodeClientOptions,
  { inbox, isUnread }: WantedImport,
  mails: readonly MboxMail[],
): Promise<readonly ImportResult[]> {
  const fitting = mails.filter(({ isTooLarge }) => !isTooLarge);
  const path = `${url}/api/mailbox/inboxes/${encodeURIComponent(inbox)}/import${isUnread ? '?unread=true' : ''}`;
  const answered =
    fitting.length === 0
      ? []
      : await withinAnswerTime(times, async (signal) => {
          const answer = await request(path, {
            method: 'POST',
            headers: { ...authorization(token), 'content-type': 'application/mbox' },
            ...{ body: Buffer.concat(fitting.map(mboxEntry)), signal },
            ...(dispatcher === undefined ? {} : { dispatcher }),
          });
          const text = await answer.body.text();
          if (answer.statusCode >= 400) throw refusalIn(text, answer.statusCode, url);
          return (JSON.parse(text) as { results: readonly ImportResult[] }).results;
        });
  const left = [...answered];
  return mails.map(({ isTooLarge }) =>
    isTooLarge ? { status: 'refused', reason: 'It is larger than 25 MiB.' } : (left.shift() ?? { status: 'refused' }),
  );
}

function authorization(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return false;
    },
  );
}
