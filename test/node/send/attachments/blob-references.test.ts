// Which attachments a message still needs: what is removed too early, can't be sent again.
import { describe, expect, it } from 'vitest';
import { BlobReferences } from '../../../../node/send/attachments/blob-references.ts';
import { MESSAGE_STATES, type Message, type MessageState } from '../../../../node/send/message.ts';

const message = (id: string, state: MessageState, blobs: readonly string[], createdAt = '2026-01-27T12:00:00.000Z') =>
  ({ id, state, blobs, createdAt }) as Message;

describe('an attachment', () => {
  it.each(
    MESSAGE_STATES.map((state) => [state, ['sent', 'partial', 'bounced', 'suppressed', 'cancelled'].includes(state)]),
  )('of a message that is %s is needed no more: %s', (state, isOver) => {
    const references = new BlobReferences();
    references.moved(undefined, message('m1', state as MessageState, ['a']));
    expect(references.needs('a')).toBe(!isOver);
  });

  it('is needed until the last message that has it needs it no more', () => {
    const references = new BlobReferences();
    const [one, other] = [message('m1', 'queued', ['a', 'b']), message('m2', 'queued', ['a'])];
    references.moved(undefined, one);
    references.moved(undefined, other);
    references.moved(one, message('m1', 'sent', ['a', 'b']));
    expect([references.needs('a'), references.needs('b')]).toEqual([true, false]);
    references.moved(other, undefined);
    expect(references.needs('a')).toBe(false);
  });

  it('is counted once for a message, however often that changes its state', () => {
    const references = new BlobReferences();
    const states = ['queued', 'sending', 'deferred', 'queued', 'sending', 'failed'] as const;
    let before: Message | undefined;
    for (const state of states) {
      const after = message('m1', state, ['a']);
      references.moved(before, after);
      before = after;
    }
    expect([references.needs('a'), references.failed().map(({ id }) => id)]).toEqual([true, ['m1']]);
    references.moved(before, message('m1', 'failed', []));
    expect([references.needs('a'), references.failed()]).toEqual([false, []]);
  });

  it('is told of by what it waits for, each octet once', () => {
    const references = new BlobReferences();
    references.moved(undefined, message('m1', 'queued', ['a', 'b'], '2026-01-27T12:00:00.000Z'));
    references.moved(undefined, message('m2', 'sending', ['a'], '2026-01-26T12:00:00.000Z'));
    references.moved(undefined, message('m3', 'unknown', ['c']));
    references.moved(undefined, message('m4', 'expired', ['gone']));
    const bytes = new Map(Object.entries({ a: 10, b: 5, c: 1 }));
    expect(references.describe((blob) => bytes.get(blob)).split('. ')).toEqual([
      'Mails that wait to be sent: 2 with 2 of 15 octets, the oldest of 2026-01-26T12:00:00.000Z',
      'Mails of which it is not known whether they arrived: 1 with 1 of 1 octets, the oldest of 2026-01-27T12:00:00.000Z',
      'Mails that failed or expired: 1 with 1 of 0 octets, the oldest of 2026-01-27T12:00:00.000Z.',
    ]);
  });
});
