// The mail of an inbox as one file (mbox), taken out of it and put into one: for who moves, and for who keeps a copy of his own.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import { pathSegment } from '../../http/input.ts';
import { MailboxError, wrongField } from '../errors.ts';
import { refuseInboxKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readParameters } from '../http/input.ts';
import type { Routes } from '../http/routes.ts';
import { type ExportQuestion, IMPORT_BYTES_MAX, IMPORTED_AT_ONCE_MAX } from '../mail-archive.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';

const TYPE = 'application/mbox';
/** Everything is in it, whatever it is labelled. */
const WHOLE = [
  ...(['message_read', 'label_spam_read', 'label_blocked_read'] as const),
  ...(['label_unauthenticated_read', 'label_trash_read'] as const),
];
const UPLOADS_MAX = 5;
/** Milliseconds for a hundred mails. */
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
  let uploads = 0;
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
    if (uploads >= UPLOADS_MAX)
      throw new MailboxError('service_unavailable', `${UPLOADS_MAX} files are coming in already.`);
    uploads += 1;
    const path = join(directory, 'spool', `import-${newUuid(random)}.part`);
    try {
      await spoolBody(c, path);
      const results = await intake.ask('importMails', { inboxId, path, isUnread }, ANSWER_MS_MAX);
      if (results === 'many')
        throw wrongField('body', `must have at most ${IMPORTED_AT_ONCE_MAX} mails: send it in parts`);
      if (results.length === 0) throw wrongField('body', 'must have a mail, behind a line that begins with "From "');
      return c.json({
        results: results.map((one) =>
          one.status === 'refused' ? one : { status: one.status, message_id: one.messageId },
        ),
      });
    } finally {
      uploads -= 1;
      await rm(path, { force: true });
    }
  });
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

async function spoolBody(c: Context, path: string): Promise<void> {
  const { body } = c.req.raw;
  if (body === null) throw wrongField('body', 'must be a file of mbox');
  await pipeline(Readable.fromWeb(body as never), withinSize, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
}

async function* withinSize(octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let size = 0;
  for await (const piece of octets) {
    size += piece.length;
    if (size > IMPORT_BYTES_MAX)
      throw new MailboxError(
        'payload_too_large',
        `The file is larger than ${IMPORT_BYTES_MAX / 1_024 ** 2} MiB: send it in parts.`,
      );
    yield piece;
  }
}
