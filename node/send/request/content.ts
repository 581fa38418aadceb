// What a request becomes: the message that is composed of it, and everybody whom it goes to.
import type { Mailbox, MessageContent, Recipient } from '../message.ts';
import type { SendRequest } from './request.ts';

/** The message as it will be composed. */
export function buildContent(
  request: SendRequest,
  { from, messageId: id }: { readonly from: Mailbox; readonly messageId: string },
): MessageContent {
  const { html, payload, inReplyTo } = request;
  return {
    from,
    to: request.to,
    cc: request.cc,
    bcc: request.bcc,
    replyTo: request.replyTo,
    subject: request.subject,
    text: request.text,
    headers: request.headers,
    attachments: request.attachments,
    messageId: id,
    references: request.references,
    ...(html === undefined ? {} : { html }),
    ...(payload === undefined ? {} : { payload }),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  };
}

/** Everybody in the envelope, not asked yet. */
export function recipientsOf({ to, cc, bcc }: Pick<SendRequest, 'to' | 'cc' | 'bcc'>): readonly Recipient[] {
  const of = (list: readonly Mailbox[], kind: Recipient['kind']) =>
    list.map(({ address }): Recipient => ({ address, kind, state: 'pending' }));
  return [...of(to, 'to'), ...of(cc, 'cc'), ...of(bcc, 'bcc')];
}
