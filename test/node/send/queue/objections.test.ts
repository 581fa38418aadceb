import { describe, expect, it } from 'vitest';
import { MESSAGE_STATES, type Message, type MessageState } from '../../../../node/send/message.ts';
import { refuseCancelling, refuseLettingGo, refuseResending } from '../../../../node/send/queue/objections.ts';

const messageIn = (state: MessageState, parts: Partial<Message> = {}) => ({ id: 'm1', state, ...parts }) as Message;

const WAITING = ['queued', 'sending', 'deferred'];
const RESENDABLE = ['unknown', 'failed', 'expired'];

describe.each(MESSAGE_STATES.map((state) => [state]))("a message that is '%s'", (state) => {
  const message = messageIn(state);
  const extra = { email_id: 'm1', state };

  it(`${WAITING.includes(state) ? 'can' : 'can not'} be cancelled`, () => {
    if (WAITING.includes(state)) expect(() => refuseCancelling(message)).not.toThrow();
    else
      expect(() => refuseCancelling(message)).toThrow(
        expect.objectContaining({ code: 'not_cancellable', extra, message: expect.stringContaining(`'${state}'`) }),
      );
  });

  it(`${RESENDABLE.includes(state) ? 'can' : 'can not'} be sent again`, () => {
    if (RESENDABLE.includes(state)) expect(() => refuseResending(message)).not.toThrow();
    else
      expect(() => refuseResending(message)).toThrow(
        expect.objectContaining({ code: 'not_resendable', extra, message: expect.stringContaining(`'${state}'`) }),
      );
  });

  it(`${WAITING.includes(state) ? 'can not' : 'can'} lose its attachments`, () => {
    if (!WAITING.includes(state)) expect(() => refuseLettingGo(message)).not.toThrow();
    else
      expect(() => refuseLettingGo(message)).toThrow(
        expect.objectContaining({ code: 'conflict', extra, message: expect.stringContaining('/api/email/m1/cancel') }),
      );
  });
});

describe('a message that failed', () => {
  it('can be sent again as long as it has its attachments', () => {
    expect(() => refuseResending(messageIn('failed', { attachmentsGone: false }))).not.toThrow();
    expect(() => refuseResending(messageIn('failed', { attachmentsGone: true }))).toThrow(
      expect.objectContaining({
        code: 'not_resendable',
        extra: { email_id: 'm1', state: 'failed' },
        message: expect.stringContaining('attachments'),
      }),
    );
  });
});
