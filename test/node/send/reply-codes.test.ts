// What a reply's codes mean (RFC 5321 §4.2, RFC 3463), where a recipient's errors do not show it already (smtp/smtp-errors.test.ts).
import { describe, expect, it } from 'vitest';
import type { RecipientAnswer } from '../../../node/send/mailer.ts';
import {
  isOneTooMany,
  isTemporary,
  isTemporaryOfRecipient,
  isTooLarge,
  type Reply,
} from '../../../node/send/reply-codes.ts';

describe('what a server says of a recipient', () => {
  it.each<readonly [said: Partial<RecipientAnswer>, isTooMany: boolean]>([
    [{ code: 452, reply: '452 too many recipients' }, true],
    [{ code: 552, reply: '552 too many' }, true],
    [{ code: 451, enhanced: '4.5.3', reply: '451 4.5.3 too many' }, true],
    [{ code: 452, reply: '452 mailbox is full' }, false],
    [{ code: 452, enhanced: '4.2.2', reply: '452 4.2.2 over quota' }, false],
    [{ code: 452, enhanced: '4.3.1', reply: '452 4.3.1 no space here' }, false],
    [{ code: 450, reply: '450 busy' }, false],
    [{ code: 452, verdict: 'refused', reply: '452 too many' }, false],
  ])('%j is one too many: %s', (said, isTooMany) => {
    const answer = { address: 'bob@x.com', verdict: 'deferred', code: 450, reply: '', ...said } as const;
    expect(isOneTooMany(answer)).toBe(isTooMany);
  });
});

describe('what a server says of anything', () => {
  it.each<readonly [said: Reply, isTemporary: boolean, ofRecipient: boolean]>([
    [{ code: 450, reply: '450 busy' }, true, true],
    [{ code: 550, reply: '550 no' }, false, false],
    [{ code: 421, enhanced: '5.0.0', reply: '421 5.0.0 closing' }, true, true],
    [{ code: 552, reply: '552 too many' }, false, true],
    [{ code: 552, enhanced: '5.3.4', reply: '552 5.3.4 too big' }, false, false],
    [{ code: 552, enhanced: '5.0.0', reply: '552 5.0.0 over quota' }, true, true],
    [{ code: 552, enhanced: '5.7.1', reply: '552 5.7.1 no, whatever your quota' }, false, false],
    [{ code: 550, enhanced: '5.5.3', reply: '550 5.5.3 too many' }, true, true],
    [{ code: 450, enhanced: '5.1.1', reply: '450 5.1.1 no such user' }, false, false],
    [{ reply: 'nothing was said' }, true, true],
  ])('%j passes: %s; to one recipient: %s', (said, passes, ofRecipient) => {
    expect([isTemporary(said), isTemporaryOfRecipient(said)]).toEqual([passes, ofRecipient]);
  });

  it.each<readonly [said: Reply, isLarge: boolean]>([
    [{ code: 552, reply: '552 no' }, true],
    [{ code: 552, enhanced: '5.2.2', reply: '552 5.2.2 over quota' }, false],
    [{ code: 554, enhanced: '5.3.4', reply: '554 5.3.4 too big' }, true],
    [{ code: 550, enhanced: '5.2.3', reply: '550 5.2.3 too long' }, true],
    [{ code: 550, reply: '550 no' }, false],
  ])('%j is of the size: %s', (said, isLarge) => {
    expect(isTooLarge(said)).toBe(isLarge);
  });
});
