// Mails of an archive, put into an inbox: each is taken apart and kept as one that comes in is, and the same mail again is kept once. Nobody is
// told of it, and nobody works on it: it is not news. Whose it is is said by whoever brings it, who has the key of everything here.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Clock } from '../../../mesh/ports.ts';
import { IMPORTED_AT_ONCE_MAX, type ImportedMail, type ImportedMails, type ImportQuestion } from '../mail-archive.ts';
import { type MboxMail, readMbox } from '../mbox.ts';
import { MAIL_BYTES_MAX } from '../message.ts';
import type { Writer } from '../store/writer.ts';
import { archivedMail } from './archived-mail.ts';
import { contentOf } from './content.ts';
import { spool } from './spool.ts';

/** Mails that share one sync, and their octets. */
const TOGETHER_MAX = 20;
const TOGETHER_BYTES_MAX = 8 * 1_024 ** 2;
/** Milliseconds after which whoever asks is told how far it is, and asks on: a machine with much to do takes what time it needs, and is heard. */
const TURN_MS = 5_000;
/** Octets beside the mail itself. */
const OWN_BYTES_MAX = 64 * 1_024;

export interface ImportParts {
  readonly writer: Pick<Writer, 'files' | 'archive'>;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly hostId: string;
}

/** Puts some in, until they are all or `TURN_MS` have passed. `many`: the file has more mails than are put in at once, and none was. */
export async function importMails(question: ImportQuestion, parts: ImportParts): Promise<ImportedMails | 'many'> {
  const sinceMs = parts.clock.monotonicMs();
  const results: ImportedMail[] = [];
  let together: MboxMail[] = [];
  let bytes = 0;
  const keep = async () => {
    results.push(...(await Promise.all(together.map((one) => importOne(one, question, parts)))));
    [together, bytes] = [[], 0];
  };
  let count = 0;
  if (question.from === 0) for await (const _ of mailsIn(question)) if (++count > IMPORTED_AT_ONCE_MAX) return 'many';
  let before = question.from;
  for await (const one of mailsIn(question)) {
    if (before-- > 0) continue;
    together.push(one);
    bytes += one.octets.length;
    if (together.length < TOGETHER_MAX && bytes < TOGETHER_BYTES_MAX) continue;
    await keep();
    if (parts.clock.monotonicMs() - sinceMs >= TURN_MS) return { results, isWhole: false };
  }
  await keep();
  return { results, isWhole: true };
}

function mailsIn({ path }: ImportQuestion): AsyncGenerator<MboxMail> {
  return readMbox(createReadStream(path), MAIL_BYTES_MAX + OWN_BYTES_MAX);
}

async function importOne(
  one: MboxMail,
  { inboxId, isUnread }: ImportQuestion,
  { writer, clock, hostId }: ImportParts,
): Promise<ImportedMail> {
  const { mail: kept, raw } = archivedMail(one, { inboxId, isUnread, nowMs: clock.wallMs() });
  if (one.isTooLarge || raw.length > MAIL_BYTES_MAX)
    return { status: 'refused', reason: `It is larger than ${MAIL_BYTES_MAX / 1_024 ** 2} MiB.` };
  const mail = await spool(once(raw), writer.files);
  try {
    if (mail.path !== undefined) await writer.files.keep(mail.path, mail.rawDigest);
    const { rawDigest, size, content, digest, structure } = mail;
    const taken = { raw: { digest: rawDigest, size, content }, digest, content: contentOf(structure, hostId) };
    return await writer.archive(inboxId, kept, taken, clock.wallMs());
  } finally {
    // A mail that was kept has another name by now.
    if (mail.path !== undefined) await rm(mail.path, { force: true });
  }
}

async function* once(octets: Buffer): AsyncIterable<Buffer> {
  yield octets;
}
