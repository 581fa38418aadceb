// The mail of an inbox as one file (mbox), taken out of it and put into one: for who moves, and for who keeps a copy of his own.
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Random } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import { wrongField } from '../errors.ts';
import { BodySpool } from '../http/body-spool.ts';
import { refuseInboxKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readParameters } from '../http/input.ts';
import type { Routes } from '../http/routes.ts';
import {
  type ExportQuestion,
  IMPORT_BYTES_MAX,
  IMPORTED_AT_ONCE_MAX,
  type ImportedMail,
  type ImportQuestion,
} from '../mail-archive.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';

const TYPE = 'application/mbox';
/** Everything is in it, whatever it is labelled. */
const WHOLE = [
  ...(['message_read', 'label_spam_read', 'label_blocked_read'] as const),
  ...(['label_unauthenticated_read', 'label_trash_read'] as const),
];
const UPLOADS_MAX = 5;
/** Milliseconds for some of the mails: how many depends on what else the machine has to do, and all together take as long as they take. */
const ANSWER_MS_MAX = 60_000;

const importParameters = z.strictObject({ unread: PAGE_PARAMETERS.ascending });

export interface ArchiveServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly random: Random;
}

export function archiveRoutes(routes: Routes, { inboxes, intake, query, directory, random }: ArchiveServices): void {
  const spool = new BodySpool({
    ...{ directory, random, prefix: 'import', noun: 'file', missing: 'must be a file of mbox' },
    ...{ bytesMax: IMPORT_BYTES_MAX, tooLargeFix: 'send it in parts', atOnceMax: UPLOADS_MAX },
  });
  const inboxOf = async (c: Context) => (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId;

  routes.add('GET', '/api/mailbox/inboxes/:inbox_id/export', WHOLE, async (c) => {
    refuseInboxKey(c, 'The whole of an inbox');
    const inboxId = await inboxOf(c);
    return c.body(Readable.toWeb(Readable.from(pieces(inboxId, query))) as ReadableStream, 200, {
      'Content-Type': TYPE,
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(inboxId)}.mbox`,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, no-store',
    });
  });

  routes.add('POST', '/api/mailbox/inboxes/:inbox_id/import', 'message_update', async (c) => {
    refuseInboxKey(c, 'Mail that nobody has sent here');
    const { unread: isUnread } = readParameters(c, importParameters);
    const type = (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
    if (type !== TYPE)
      throw wrongField('Content-Type', `must be ${TYPE}, with at most ${IMPORTED_AT_ONCE_MAX} mails as the body`);
    const inboxId = await inboxOf(c);
    const results = await spool.during(c, (path) => importedBy(intake, { path, inboxId, isUnread }));
    if (results === 'many')
      throw wrongField('body', `must have at most ${IMPORTED_AT_ONCE_MAX} mails: send it in parts`);
    if (results.length === 0) throw wrongField('body', 'must have a mail, behind a line that begins with "From "');
    return c.json({
      results: results.map((one) =>
        one.status === 'refused' ? one : { status: one.status, message_id: one.messageId },
      ),
    });
  });
}

/** All mails of the file, some at a time. `many`: the file has too many, and none was put in. Rejects as the intake does, which may have some by then. */
export async function importedBy(
  intake: ArchiveServices['intake'],
  question: Omit<ImportQuestion, 'from'>,
): Promise<readonly ImportedMail[] | 'many'> {
  const results: ImportedMail[] = [];
  for (let isWhole = false; !isWhole; ) {
    const some = await intake.ask('importMails', { ...question, from: results.length }, ANSWER_MS_MAX);
    if (some === 'many') return 'many';
    results.push(...some.results);
    isWhole = some.isWhole;
  }
  return results;
}

/** Some mails at a time, as they are taken. */
async function* pieces(inboxId: string, query: Asks<QueryQuestions>): AsyncIterable<Uint8Array> {
  let place: ExportQuestion['place'];
  do {
    const { mbox, next } = await query.ask('exportedMails', { inboxId, place });
    yield mbox;
    place = next;
  } while (place !== undefined);
}
