// A mail that a gateway hands over by HTTP: taken as one by LMTP is, from a file of the spool into which the main thread wrote it.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IngestAnswer, IngestQuestion } from '../ingest-question.ts';
import { type ReceptionParts, receive } from './reception.ts';
import { addressedIn, type RecipientParts, Recipients } from './recipients.ts';
import { Reply, replies } from './replies.ts';

/** All recipients get the mail, or nobody. The file is removed. */
export async function ingest(
  { path, to, ...sender }: IngestQuestion,
  parts: ReceptionParts & RecipientParts,
): Promise<IngestAnswer> {
  try {
    const recipients = new Recipients(parts);
    const admitted: { readonly address: string; readonly inboxId: string }[] = [];
    for (const address of to) {
      const found = await recipients.admit(
        address,
        admitted.map(({ inboxId }) => inboxId),
      );
      if (found instanceof Reply) return refused(found);
      admitted.push({ address, inboxId: found.inboxId });
    }
    const envelope = { ...sender, ...addressedIn(admitted), protocol: 'HTTP', isAllOrNone: true, isTrusted: true };
    const received = await receive(createReadStream(path), envelope, parts);
    if (received.outcome !== 'taken')
      return refused(received.outcome === 'too-large' ? replies.tooLarge() : replies.unknownSender());
    const results = admitted.flatMap(({ address: to, inboxId }) => {
      const { status, messageId, mailClass } = received.fates.get(inboxId) ?? {};
      const isKept = (status === 'stored' || status === 'duplicate') && messageId !== undefined;
      return isKept ? [{ to, status: mailClass === 'blocked' ? mailClass : status, messageId }] : [];
    });
    if (results.length === admitted.length) return { results };
    const statuses = [...received.fates.values()].map(({ status }) => status);
    if (statuses.includes('forged')) return refused(replies.forged());
    return refused(statuses.includes('looping') ? replies.looping() : replies.gone());
  } finally {
    await rm(path, { force: true });
  }
}

function refused({ responseCode, message }: Reply): IngestAnswer {
  const [, status = '', sentence = message] = /^(\d\.\d{1,3}\.\d{1,3}) (.*)$/s.exec(message) ?? [];
  return { refusal: { code: responseCode, status, message: sentence } };
}
