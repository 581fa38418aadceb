// Mail from gateways that speak HTTP: the octets are the body, the envelope is the query.
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Random } from '../../../mesh/ports.ts';
import type { DiskRoom } from '../disk-room.ts';
import { MailboxError, wrongField } from '../errors.ts';
import { BodySpool } from '../http/body-spool.ts';
import { refuseFullDisk } from '../http/full-disk.ts';
import { readParameters, textParameter } from '../http/input.ts';
import { listParameter } from '../http/mail-parameters.ts';
import type { Routes } from '../http/routes.ts';
import type { IngestAnswer } from '../ingest-question.ts';
import { MAIL_BYTES_MAX } from '../message.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';

const RECIPIENTS_MAX = 100;
/** Mails that come in at the same time. */
const UPLOADS_MAX = 20;
/** Milliseconds for the intake's answer: who sent the mail may take ten seconds to find out. */
const ANSWER_MS_MAX = 30_000;
const TYPES = ['message/rfc822', 'message/global', 'application/octet-stream'];

const parameters = z.strictObject({
  to: listParameter,
  mail_from: textParameter,
  ip: textParameter.refine((ip) => ip === undefined || isIP(ip) > 0, 'must be an IP address'),
  helo: textParameter,
});

export interface IngestServices {
  readonly intake: Asks<IntakeQuestions>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly room: Pick<DiskRoom, 'isFull'>;
  readonly random: Random;
}

export function ingestRoutes(routes: Routes, { intake, directory, room, random }: IngestServices): void {
  const spool = new BodySpool({
    ...{ directory, random, prefix: 'ingest', noun: 'mail', missing: 'must be the mail' },
    ...{ bytesMax: MAIL_BYTES_MAX, atOnceMax: UPLOADS_MAX },
  });
  routes.add('POST', '/api/mailbox/ingest', 'organization_key', async (c) => {
    const { to, mail_from: mailFrom = '', ip, helo } = readParameters(c, parameters);
    const recipients = [...new Set(to)];
    if (recipients.length === 0 || recipients.length > RECIPIENTS_MAX)
      throw wrongField('to', `must name 1 to ${RECIPIENTS_MAX} recipients, ?to=a@x.com&to=b@x.com`);
    const type = (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!TYPES.includes(type)) throw wrongField('Content-Type', `must be ${TYPES[0]}, with the mail as the body`);
    await refuseFullDisk(room);
    const question = { to: recipients, mailFrom, ip, helo };
    const answer = await spool.during(c, (path) => intake.ask('ingest', { path, ...question }, ANSWER_MS_MAX));
    if ('refusal' in answer) throw refusalOf(answer.refusal);
    const results = answer.results.map(({ to, status, messageId }) => ({ to, status, message_id: messageId }));
    return c.json({ results });
  });
}

/** Statuses that are the recipient's (RFC 3463 §3.2, §3.3), or say that its domain is none of ours. */
const ABOUT_ADDRESS = /^5\.(?:1\.\d+|2\.\d+|7\.1)$/;

/** 503: the same mail may be taken later. */
function refusalOf({ code, status, message }: Extract<IngestAnswer, { refusal: unknown }>['refusal']): MailboxError {
  if (code === 552) return new MailboxError('payload_too_large', message);
  if (code < 500) return new MailboxError('service_unavailable', message);
  // Nobody has the address, or may have it; else it is the mail that is refused.
  return new MailboxError(ABOUT_ADDRESS.test(status) ? 'not_found' : 'unprocessable', message);
}
