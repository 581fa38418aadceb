import { describe, expect, it } from 'vitest';
import { INBOX_MAILS_MAX, isFull, QUOTA_BYTES_DEFAULT } from '../../../node/mailbox/retention.ts';

describe('an inbox', () => {
  it.each([
    ['has as many octets as it may', { usedBytes: QUOTA_BYTES_DEFAULT }, true],
    ['has fewer', { usedBytes: QUOTA_BYTES_DEFAULT - 1 }, false],
    ['has as many as it may have by its own setting', { usedBytes: 5, quotaBytes: 5 }, true],
    ['has as many mails as it may, however small', { usedBytes: 0, mails: INBOX_MAILS_MAX }, true],
    ['has fewer mails', { usedBytes: 0, mails: INBOX_MAILS_MAX - 1 }, false],
  ])('that %s is full or not: %o, %s', (_, used, expected) => {
    expect(isFull(used)).toBe(expected);
  });
});
