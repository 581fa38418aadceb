// Mail as lists show it.
import type { Message, MessageState } from '../send/message.ts';
import { mark, moment, type Tone, table } from './fragments.ts';
import { type Markup, markup } from './markup.ts';

const TONES: Readonly<Record<MessageState, Tone>> = {
  queued: 'wait',
  sending: 'wait',
  sent: 'good',
  partial: 'wait',
  deferred: 'wait',
  unknown: 'bad',
  failed: 'bad',
  bounced: 'bad',
  suppressed: 'bad',
  cancelled: 'off',
  expired: 'bad',
};

export function stateMark(state: MessageState): Markup {
  return mark(TONES[state], state);
}

export function messageTable(messages: readonly Message[], nowMs: number, empty: string): Markup {
  return table({
    caption: 'Newest first',
    columns: ['Subject', 'State', 'From', 'To', 'Accepted'],
    empty,
    rows: messages.map((message) => [
      markup`<a href="/page/sending/${encodeURIComponent(message.id)}">${message.subject === '' ? '(no subject)' : message.subject}</a>`,
      stateMark(message.state),
      message.from,
      recipientsOf(message),
      moment(message.createdAt, nowMs),
    ]),
  });
}

function recipientsOf({ recipients }: Message): string {
  const [first] = recipients;
  return recipients.length > 1 ? `${first?.address} and ${recipients.length - 1} more` : (first?.address ?? '–');
}
