// The header of a message in plain ASCII, written at once: by far the commonest one, and building the composer's tree for it costs five
// times as much. The octets are the composer's own, whose rules are at work in few places as long as nothing must be encoded or quoted.
// Whatever is not surely so is left to the composer.
import { foldLines } from 'nodemailer/lib/mime-funcs';
import type { Mailbox, MessageContent } from '../message.ts';

/** RFC 5322 §2.1.1: the length at which lines are folded. */
const LINE_CHARACTERS = 76;

/** A dot-atom of ASCII at a name of letters, digits and single hyphens, all lower-case, which no rule writes in another way. */
const PLAIN_ADDRESS =
  /^(?=.{1,64}@)(?!.{255})[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:(?=[a-z0-9-]{1,63}\.)[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,63}$/;
const PLAIN_NAME = /^[\w ]*$/;
/** Printable, without quotes, which the composer encodes, and without what could be read as encoded. */
const PLAIN_TEXT = /^(?!\s*$)(?!.*=\?)[\x20\x21\x23-\x7e]+$/;
/** Message-IDs with one blank between them. */
const PLAIN_IDS = /^<[\x21-\x3b\x3d\x3f-\x7e]+>(?: <[\x21-\x3b\x3d\x3f-\x7e]+>)*$/;

/** Whether an address stands in an envelope and in a header as it is. */
export function isPlainAddress(address: string): boolean {
  return PLAIN_ADDRESS.test(address);
}

/**
 * The lines of the header up to the blank line, without that. `date`: as the header has it. `undefined`: the message is not plain, or it
 * has headers of its caller.
 */
export function plainHeaders(content: MessageContent, date: string, encoding: string): string | undefined {
  const { from, to, cc, replyTo, subject, messageId, inReplyTo, references, headers } = content;
  const ids = references.join(' ');
  const isPlain =
    headers.length === 0 &&
    [[from], to, cc, replyTo].every((list) => list.every(isPlainMailbox)) &&
    PLAIN_TEXT.test(subject) &&
    [messageId, inReplyTo, ids].every((text) => text === undefined || text === '' || PLAIN_IDS.test(text));
  if (!isPlain || messageId === '' || inReplyTo === '') return undefined;
  return [
    line('From', listOf([from])),
    ...(to.length === 0 ? [] : [line('To', listOf(to))]),
    ...(cc.length === 0 ? [] : [line('Cc', listOf(cc))]),
    ...(replyTo.length === 0 ? [] : [line('Reply-To', listOf(replyTo))]),
    line('Subject', subject),
    line('Message-ID', messageId),
    line('Date', date),
    ...(inReplyTo === undefined ? [] : [line('In-Reply-To', inReplyTo)]),
    ...(ids === '' ? [] : [line('References', ids)]),
    line('Content-Transfer-Encoding', encoding),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
  ].join('\r\n');
}

function isPlainMailbox({ name, address }: Mailbox): boolean {
  return PLAIN_NAME.test(name) && PLAIN_ADDRESS.test(address);
}

function listOf(mailboxes: readonly Mailbox[]): string {
  return mailboxes.map(({ name, address }) => (name === '' ? address : `${name} <${address}>`)).join(', ');
}

function line(key: string, value: string): string {
  const text = `${key}: ${value}`;
  return text.length < LINE_CHARACTERS ? text : foldLines(text, LINE_CHARACTERS);
}
