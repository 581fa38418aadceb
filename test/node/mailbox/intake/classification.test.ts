// What kind of mail it is.
import { describe, expect, it } from 'vitest';
import { isAutomated, isLooping, isMarkedSpam, mailClassOf } from '../../../../node/mailbox/intake/classification.ts';
import { headerFields } from '../../../../node/mailbox/intake/header-fields.ts';

const fields = (...lines: string[]) => headerFields(Buffer.from(lines.join('\r\n')));

describe('a mail that no person wrote', () => {
  it.each([
    'Auto-Submitted: auto-replied',
    'auto-submitted: Auto-Generated; owner="x"',
    'Precedence: bulk',
    'Precedence: LIST',
    'List-Id: news <news.x.com>',
    'X-Auto-Response-Suppress: All',
    'X-Autoreply: yes',
  ])('says %s', (line) => {
    expect(isAutomated(fields(line), 'jane@x.com')).toBe(true);
  });

  it('or comes from nobody', () => {
    expect(isAutomated(fields('Subject: x'), '')).toBe(true);
  });

  it.each(['Auto-Submitted: no', 'Auto-Submitted: No (a person)', 'Precedence: first-class', 'Subject: bulk'])(
    'does not say %s',
    (line) => {
      expect(isAutomated(fields(line), 'jane@x.com')).toBe(false);
    },
  );
});

describe('a mail in a circle', () => {
  it('was at this inbox before, or at more than a hundred places', () => {
    expect(isLooping(fields('Delivered-To: A@x.com'), 'a@x.com')).toBe(true);
    expect(isLooping(fields(...Array.from({ length: 101 }, () => 'Received: x')), 'a@x.com')).toBe(true);
    expect(isLooping(fields(...Array.from({ length: 100 }, () => 'Received: x')), 'a@x.com')).toBe(false);
    expect(isLooping(fields('Delivered-To: b@x.com', 'Subject: a@x.com'), 'a@x.com')).toBe(false);
  });
});

describe('the class of a mail', () => {
  it.each([
    [true, true, 'spam'],
    [true, false, 'spam'],
    [false, false, 'unauthenticated'],
    [false, true, 'received'],
  ] as const)('marked as spam %s and authenticated %s is %s', (marked, isAuthenticated, mailClass) => {
    expect(mailClassOf({ isMarkedSpam: marked, isAuthenticated })).toBe(mailClass);
  });

  it.each([
    ['X-Spam-Flag: YES', true],
    ['X-Spam: Yes', true],
    ['X-Spam-Flag: NO', false],
    ['X-Spam-Status: Yes, score=9', false],
  ])('by a filter that says %s', (line, isSpam) => {
    expect(isMarkedSpam(fields(line))).toBe(isSpam);
  });
});
