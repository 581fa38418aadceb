// What an outcome makes of a message, as tables: the states of README.md beside the code, one row each.
// Longer than 300 lines: one table of states with a row for each outcome.
import { describe, expect, it } from 'vitest';
import type { RecipientAnswer, ShipmentOutcome } from '../../../node/send/mailer.ts';
import { type Message, type MessageState, type RecipientState, reasonOf } from '../../../node/send/message.ts';
import {
  bounced,
  cancelled,
  changeAfter,
  contentMissing,
  detailOf,
  eventOf,
  expired,
  keepsContent,
  openRecipients,
  requeued,
  withoutAttachments,
  withoutSuppressed,
} from '../../../node/send/message-states.ts';
import { A1 } from '../../support/mail.ts';

const NOW_MS = Date.UTC(2026, 0, 27, 12);
const NOW = new Date(NOW_MS).toISOString();
const AT = { iso: NOW, retryMs: NOW_MS + 30_000 };
const HOUR_MS = 3_600_000;

function message(states: readonly RecipientState[] = ['pending'], parts: Partial<Message> = {}): Message {
  return {
    id: 'm',
    number: 1,
    agentId: A1,
    agentName: 'ann',
    from: 'ann@x.com',
    subject: 'Hello',
    messageId: '<m@x.com>',
    state: 'sending',
    reason: 'It is being sent.',
    recipients: states.map((state, at) => ({ address: `r${at}@x.com`, kind: 'to', state })),
    attempts: 1,
    deferrals: 0,
    dueMs: NOW_MS,
    expiresMs: NOW_MS + HOUR_MS,
    lifetimeMs: HOUR_MS,
    blobs: [],
    createdAt: NOW,
    updatedAt: NOW,
    ...parts,
  };
}

const VERDICTS = {
  ok: { verdict: 'accepted', code: 250, reply: '250 ok' },
  later: { verdict: 'deferred', code: 451, reply: '451 busy' },
  tooMany: { verdict: 'deferred', code: 452, reply: '452 too many recipients' },
  no: { verdict: 'refused', code: 550, enhanced: '5.1.1', reply: '550 5.1.1 no such user' },
} as const;
type Said = keyof typeof VERDICTS;

const answers = (...said: readonly Said[]): ShipmentOutcome => ({
  kind: 'answered',
  answers: said.map((one, at): RecipientAnswer => ({ address: `r${at}@x.com`, ...VERDICTS[one] })),
  tookMs: 1,
});
const notSent = (parts: Partial<Extract<ShipmentOutcome, { kind: 'not_sent' }>>): ShipmentOutcome => ({
  kind: 'not_sent',
  error: 'message_refused',
  class: 'transient',
  scope: 'message',
  reply: 'no',
  tookMs: 1,
  ...parts,
});
const pending = (count: number) => message(Array.from({ length: count }, (): RecipientState => 'pending'));
const statesOf = ({ recipients }: Message) => recipients.map(({ state }) => state).join(' ');

describe('the answers of a server', () => {
  it.each<readonly [said: readonly Said[], state: MessageState, recipients: string]>([
    [['ok'], 'sent', 'sent'],
    [['no'], 'failed', 'failed'],
    [['later'], 'deferred', 'pending'],
    [['ok', 'ok'], 'sent', 'sent sent'],
    [['ok', 'no'], 'partial', 'sent failed'],
    [['no', 'no'], 'failed', 'failed failed'],
    [['ok', 'later'], 'deferred', 'sent pending'],
    [['no', 'later'], 'deferred', 'failed pending'],
    // Some were taken, so those above the server's number are asked at once.
    [['ok', 'tooMany'], 'queued', 'sent pending'],
    [['no', 'tooMany'], 'deferred', 'failed pending'],
  ])('%j make it %s', (said, state, recipients) => {
    const after = changeAfter(answers(...said), AT)?.(pending(said.length));
    expect(after).toMatchObject({ state, updatedAt: NOW });
    expect(after && statesOf(after)).toBe(recipients);
    expect(after?.sentAt).toBe(said.includes('ok') ? NOW : undefined);
  });

  it('are kept with each recipient, and change none that was asked before', () => {
    const before = message(['sent', 'pending']);
    const after = changeAfter(answers('no', 'no'), AT)?.(before);
    expect(after?.recipients).toEqual([
      before.recipients[0],
      {
        address: 'r1@x.com',
        kind: 'to',
        state: 'failed',
        code: 550,
        enhanced: '5.1.1',
        reply: '550 5.1.1 no such user',
      },
    ]);
    expect(after?.state).toBe('partial');
  });
});

describe('a shipment without answers', () => {
  it.each<readonly [what: string, outcome: ShipmentOutcome, state: MessageState | undefined, recipients: string]>([
    ['is unknown', { kind: 'unknown', reply: 'gone', tookMs: 1 }, 'unknown', 'sent unknown'],
    ['is put off', notSent({}), 'deferred', 'sent pending'],
    ['fails for good', notSent({ class: 'permanent' }), 'partial', 'sent failed'],
    ['waits for the next start', notSent({ error: 'interrupted', scope: 'account' }), 'queued', 'sent pending'],
    ['says nothing of the message', notSent({ scope: 'account' }), undefined, ''],
    ['says nothing of the message, for good', notSent({ scope: 'account', class: 'permanent' }), undefined, ''],
  ])('%s', (_, outcome, state, recipients) => {
    const change = changeAfter(outcome, AT);
    const after = change?.(message(['sent', 'pending']));
    expect(after?.state).toBe(state);
    expect(after === undefined ? '' : statesOf(after)).toBe(recipients);
  });

  it('counts how often it was put off, and says when it is tried again', () => {
    const after = changeAfter(notSent({}), AT)?.(message(['pending'], { deferrals: 2 }));
    expect(after).toMatchObject({ deferrals: 3, dueMs: AT.retryMs, reason: 'no.' });
    const shown = after === undefined ? '' : reasonOf(after);
    expect(shown).toBe(`no. It is tried again at ${new Date(AT.retryMs).toISOString()}.`);
  });

  it.each([
    [-1, 'expired'],
    [0, 'expired'],
    [1, 'deferred'],
  ])('that would be tried again with %i ms of its life left is %s', (leftMs, state) => {
    const before = message(['pending'], { expiresMs: AT.retryMs + leftMs });
    expect(changeAfter(notSent({}), AT)?.(before).state).toBe(state);
  });
});

describe('the end of a message', () => {
  it.each<readonly [states: readonly RecipientState[], state: MessageState]>([
    [['pending'], 'cancelled'],
    [['sent', 'pending'], 'partial'],
    [['failed', 'pending'], 'failed'],
    [['bounced', 'pending'], 'bounced'],
    [['unknown', 'sent', 'pending'], 'unknown'],
    [['suppressed', 'pending'], 'cancelled'],
  ])('by cancelling, with recipients %j, is %s', (states, state) => {
    expect(cancelled(message(states), NOW).state).toBe(state);
  });

  it('by its life is expired, and tells why', () => {
    const after = expired(message(['pending', 'pending']), NOW, 'The server was busy');
    expect([after.state, statesOf(after), after.reason]).toEqual([
      'expired',
      'expired expired',
      'It could not be sent in time. The server was busy.',
    ]);
  });

  it('without its content is failed', () => {
    expect(contentMissing(message(), NOW)).toMatchObject({ state: 'failed', recipients: [{ state: 'failed' }] });
  });
});

describe('the list of those not written to', () => {
  const against = (address: string) => (address === 'r0@x.com' ? 'It bounced.' : undefined);

  it.each<readonly [states: readonly RecipientState[], state: MessageState, recipients: string]>([
    [['pending'], 'suppressed', 'suppressed'],
    [['pending', 'pending'], 'sending', 'suppressed pending'],
    [['pending', 'sent'], 'partial', 'suppressed sent'],
  ])('makes recipients %j %s', (states, state, recipients) => {
    const after = withoutSuppressed(message(states), against, NOW);
    expect([after.state, statesOf(after)]).toEqual([state, recipients]);
  });

  it('leaves a message as it is whose recipients are not on it, or were asked before', () => {
    const before = message(['sent', 'pending']);
    expect(withoutSuppressed(before, against, NOW)).toBe(before);
  });
});

describe('a bounce', () => {
  const replies = new Map([['r0@x.com', { enhanced: '5.1.1', reply: 'no such user' }]]);

  it.each<readonly [states: readonly RecipientState[], state: MessageState, recipients: string]>([
    [['sent'], 'bounced', 'bounced'],
    [['unknown'], 'bounced', 'bounced'],
    [['sent', 'sent'], 'bounced', 'bounced sent'],
    [['sent', 'unknown'], 'unknown', 'bounced unknown'],
    // Those who are still to be asked are.
    [['sent', 'pending'], 'sending', 'bounced pending'],
  ])('about the first of %j makes it %s', (states, state, recipients) => {
    const after = bounced(message(states), replies, NOW);
    expect([after.state, statesOf(after)]).toEqual([state, recipients]);
  });

  it.each<RecipientState>(['pending', 'failed', 'suppressed', 'cancelled', 'expired', 'bounced'])(
    'about a recipient that is %s changes nothing',
    (state) => {
      const before = message([state]);
      expect(bounced(before, replies, NOW)).toBe(before);
    },
  );
});

describe('a message that is sent again', () => {
  it('asks those who have not surely got it, from a fresh life', () => {
    const before = message(['sent', 'unknown', 'failed', 'expired', 'bounced', 'suppressed'], { deferrals: 4 });
    const after = requeued(before, { iso: NOW, nowMs: NOW_MS });
    expect(statesOf(after)).toBe('sent pending pending pending bounced suppressed');
    expect(openRecipients(after)).toEqual(['r1@x.com', 'r2@x.com', 'r3@x.com']);
    expect(after).toMatchObject({ state: 'queued', deferrals: 0, dueMs: NOW_MS, expiresMs: NOW_MS + HOUR_MS });
  });

  it.each<readonly [states: readonly RecipientState[], isBound: boolean]>([
    [['failed'], false],
    [['unknown'], true],
    [['sent', 'failed'], true],
    [['bounced', 'expired'], true],
  ])('of recipients %j stays with its account: %s', (states, isBound) => {
    expect(requeued(message(states), { iso: NOW, nowMs: NOW_MS }).isBound).toBe(isBound);
  });

  it('stays with its account once it was bound, whatever its recipients say', () => {
    expect(requeued(message(['failed'], { isBound: true }), { iso: NOW, nowMs: NOW_MS }).isBound).toBe(true);
  });
});

describe('the event of a change', () => {
  it.each<readonly [before: MessageState | undefined, after: MessageState, event: string | undefined]>([
    [undefined, 'queued', undefined],
    ['queued', 'sending', undefined],
    ['sending', 'deferred', undefined],
    ['sending', 'sent', 'email.sent'],
    ['sending', 'partial', 'email.sent'],
    ['sending', 'failed', 'email.failed'],
    ['deferred', 'expired', 'email.failed'],
    ['queued', 'suppressed', 'email.failed'],
    ['queued', 'cancelled', undefined],
    ['sending', 'unknown', 'email.unknown'],
    ['failed', 'failed', undefined],
  ])('from %s to %s is %s', (before, after, event) => {
    const from = before === undefined ? undefined : message(['pending'], { state: before });
    expect(eventOf(from, message(['pending'], { state: after }))).toBe(event);
  });

  it.each<readonly [before: readonly RecipientState[], after: readonly RecipientState[], event: string | undefined]>([
    [['sent'], ['bounced'], 'email.bounced'],
    [['sent', 'bounced'], ['bounced', 'bounced'], 'email.bounced'],
    [['bounced', 'pending'], ['bounced', 'sent'], 'email.sent'],
    [['bounced', 'pending'], ['bounced', 'failed'], 'email.failed'],
    [['bounced', 'pending'], ['bounced', 'cancelled'], undefined],
  ])('whose recipients go from %j to %j is %s', (before, after, event) => {
    expect(eventOf(message(before), message(after, { state: 'bounced' }))).toBe(event);
  });

  it('tells every recipient, with the code where there was one', () => {
    const after = changeAfter(answers('ok', 'later'), AT)?.(pending(2)) ?? message();
    expect(detailOf(after)).toEqual({
      email_id: 'm',
      messageId: '<m@x.com>',
      from: 'ann@x.com',
      subject: 'Hello',
      state: 'deferred',
      recipients: [
        { address: 'r0@x.com', state: 'sent', code: 250 },
        { address: 'r1@x.com', state: 'pending', code: 451 },
      ],
    });
  });
});

describe('the content', () => {
  it.each<readonly [MessageState, boolean]>([
    ['queued', true],
    ['sending', true],
    ['deferred', true],
    ['unknown', true],
    ['failed', true],
    ['expired', true],
    ['sent', false],
    ['partial', false],
    ['bounced', false],
    ['suppressed', false],
    ['cancelled', false],
  ])('of what is %s is kept: %s', (state, isKept) => expect(keepsContent(state)).toBe(isKept));

  it('without its attachments is told so', () => {
    const after = withoutAttachments(message(['failed'], { blobs: ['b'], reason: 'It was refused' }));
    expect(after).toMatchObject({
      blobs: [],
      attachmentsGone: true,
      reason: 'It was refused. Its attachments were let go of.',
    });
  });
});
