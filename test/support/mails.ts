// Received mails, as the intake hands them to the writer.
import { createHash } from 'node:crypto';
import type { Delivery, MailContent, ReceivedMail } from '../../node/mailbox/message.ts';

export interface MailWish {
  readonly to?: readonly string[];
  readonly content?: Partial<MailContent>;
  readonly delivery?: Partial<Delivery>;
  readonly labels?: readonly string[];
  readonly atMs?: number;
  /** The octets as they came. */
  readonly raw?: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A mail from Jane to `to`, an inbox each, authenticated unless `delivery` says otherwise. */
export function receivedMail({
  to = ['a@x.com'],
  content,
  delivery,
  labels = [],
  atMs = 1_000,
  raw,
}: MailWish = {}): ReceivedMail {
  const headerId = content?.headerId;
  const octets =
    raw ?? `Message-ID: ${headerId}\r\nSubject: ${content?.subject}\r\n\r\n${content?.text ?? 'Hello'}\r\n`;
  return {
    raw: { digest: sha256(octets), size: Buffer.byteLength(octets), content: Buffer.from(octets) },
    digest: sha256(`digest of ${octets}`),
    content: {
      from: 'Jane <jane@y.com>',
      fromAddress: 'jane@y.com',
      to,
      ...{ cc: [], bcc: [], replyTo: [], inReplyTo: [], references: [], parts: [] },
      ...{ subject: 'Hello', text: 'Hello', preview: 'Hello', hiddenText: false },
      headers: { Subject: 'Hello' },
      ...content,
    },
    labels,
    receivedAtMs: atMs,
    deliveries: to.map((inboxId) => ({
      inboxId,
      trace: `Delivered-To: ${inboxId}\r\n`,
      mailClass: 'received',
      isAuthenticated: true,
      ...delivery,
    })),
  };
}
