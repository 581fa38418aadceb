// Bounces in plain text, of systems that write no delivery status notification: qmail, in the format that it has for it (QSBMF,
// https://cr.yp.to/proto/qsbmf.txt), and older Exims. Both name each recipient with the failure in a paragraph of its own, and have
// the returned message below a line of hyphens.

import { printable } from '../header-text.ts';
import { RECIPIENTS_MAX } from '../limits.ts';
import { type BouncedRecipient, exactly } from './bounce-report.ts';

export interface PlainBounce {
  readonly recipients: readonly BouncedRecipient[];
  /** The message that came back. */
  readonly returned: string;
}

interface Style {
  readonly opening: RegExp;
  /** Matches a paragraph about one recipient: the address, then the failure. */
  readonly failure: RegExp;
}

const STYLES: readonly Style[] = [
  { opening: /^Hi\. This is the /, failure: /^<(.+)>:\n(.*)$/s },
  {
    opening:
      /^This message was created automatically by mail delivery software\..*could not be delivered.*permanent error/s,
    failure: /^ {2}(\S+@\S+)\n {4}(.*)$/s,
  },
];
const BREAK = /(?:^|\n)-[^\n]*\n/;
/** A message that was given up after a while may be taken tomorrow (RFC 3463 §3.5). */
const GIVEN_UP = /in the queue too long|retry time(?:out)? exceeded/i;

/** `undefined` when it is none of these, or tells of no failure. */
export function parsePlainBounce(text: string): PlainBounce | undefined {
  const lines = text.replace(/\r\n?/g, '\n');
  const line = BREAK.exec(lines);
  const notice = lines.slice(0, line?.index);
  const style = STYLES.find(({ opening }) => opening.test(notice));
  if (style === undefined) return undefined;
  const recipients = notice
    .split(/\n(?:[ \t]*\n)+/)
    .flatMap((paragraph) => recipientIn(style.failure.exec(paragraph)))
    .slice(0, RECIPIENTS_MAX);
  const returned = line === null ? '' : lines.slice(line.index + line[0].length);
  return recipients.length === 0 ? undefined : { recipients, returned };
}

function recipientIn(found: RegExpExecArray | null): readonly BouncedRecipient[] {
  const [, address, said = ''] = found ?? [];
  if (address === undefined) return [];
  const diagnostic = printable(said.trim());
  const status = GIVEN_UP.test(said) ? '5.4.7' : exactly('5.0.0', said);
  return [{ address, action: 'failed', status, diagnostic }];
}
