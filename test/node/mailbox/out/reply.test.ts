// Whom an answer goes to, what it is called, and which mails it names.
import { describe, expect, it } from 'vitest';
import { forwardedBody } from '../../../../node/mailbox/out/forward.ts';
import {
  type AnsweredMail,
  addressedBy,
  forwardSubject,
  namedBy,
  replySubject,
} from '../../../../node/mailbox/out/reply.ts';
import type { WholeMail } from '../../../../node/mailbox/stored-mail.ts';

const ME = 'me@x.com';
const mail = (parts: Partial<AnsweredMail> = {}): AnsweredMail => ({
  ...{ from: 'Jane <jane@y.com>', to: [ME], cc: [], replyTo: [], inReplyTo: [], references: [], headerId: '<1@y.com>' },
  ...{ isOwn: false, ...parts },
});

describe('an answer goes', () => {
  it.each([
    ['to who wrote', {}, false, ['Jane <jane@y.com>'], []],
    ['to whom he wants it', { replyTo: ['desk@y.com'] }, false, ['desk@y.com'], []],
    ['where one’s own mail went', { isOwn: true, from: ME, to: ['Bob <bob@z.com>'] }, false, ['Bob <bob@z.com>'], []],
    [
      'to all, each once, but for oneself',
      { to: ['Me <ME@x.com>', 'bob@z.com'], cc: ['BOB@z.com', 'eve@z.com', 'jane@y.com'] },
      true,
      ['Jane <jane@y.com>', 'bob@z.com'],
      ['eve@z.com'],
    ],
    [
      'to all whom one’s own mail went to',
      { isOwn: true, from: ME, to: ['bob@z.com'], cc: ['eve@z.com'] },
      true,
      ['bob@z.com'],
      ['eve@z.com'],
    ],
    ['nowhere, when nobody wrote', { from: '' }, false, [], []],
  ])('%s', (_, parts, isToAll, to, cc) => {
    expect(addressedBy(mail(parts), ME, isToAll)).toEqual({ to, cc });
  });
});

describe('an answer names', () => {
  it('the mail itself last, after those that it names', () => {
    expect(namedBy(mail({ references: ['<0@y.com>'] }))).toEqual({
      inReplyTo: '<1@y.com>',
      references: ['<0@y.com>', '<1@y.com>'],
    });
  });

  it('what it answers where it has no References', () => {
    expect(namedBy(mail({ inReplyTo: ['<0@y.com>'] })).references).toEqual(['<0@y.com>', '<1@y.com>']);
  });

  it('of a long thread the first, and the last 19 before it', () => {
    const references = Array.from({ length: 40 }, (_, at) => `<r${at}@y.com>`);
    const named = namedBy(mail({ references })).references;
    expect([named.length, named[0], named[1], named[19], named[20]]).toEqual([
      21,
      '<r0@y.com>',
      '<r21@y.com>',
      '<r39@y.com>',
      '<1@y.com>',
    ]);
  });

  it('nothing that can’t stand in a header of ASCII lines', () => {
    expect(namedBy(mail({ headerId: '<ä@y.com>', references: ['<a b@y>', '<0@y.com>'] }))).toEqual({
      references: ['<0@y.com>'],
    });
  });
});

describe('the subject', () => {
  it.each([
    ['Hello', 'Re: Hello'],
    ['RE: Hello', 'RE: Hello'],
    ['AW: Hello', 'AW: Hello'],
    ['Fwd: Re: Hello', 'Re: Fwd: Re: Hello'],
    [undefined, 'Re:'],
    ['a\r\nBcc: x@y.com', 'Re: a Bcc: x@y.com'],
  ])('of an answer to %j is %j', (subject, answer) => expect(replySubject(subject)).toBe(answer));

  it('says once that a mail is passed on', () => {
    expect(['Hello', 'WG: Hello'].map(forwardSubject)).toEqual(['Fwd: Hello', 'WG: Hello']);
  });
});

describe('a mail that is passed on', () => {
  const passed = {
    ...{
      from: 'Jane <jane@y.com>',
      to: [ME],
      cc: [],
      subject: 'A & B',
      headers: { Date: 'Thu, 1 Jan 2026 00:00:00 +0000' },
    },
    ...{ text: 'the words', atMs: 0 },
  } as unknown as WholeMail;

  it('stands below one’s own words, with who wrote it', () => {
    expect(forwardedBody({ text: 'See:' }, passed)).toEqual({
      text: `See:\n\n---------- Forwarded message ---------\nFrom: Jane <jane@y.com>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: A & B\nTo: ${ME}\n\nthe words`,
    });
  });

  it('is HTML where either of the two is, and what is text is text there, too', () => {
    const { html = '' } = forwardedBody({ text: '<own>' }, { ...passed, html: '<b>words</b>' });
    expect(html).toContain('&lt;own&gt;');
    expect(html).toContain('From: Jane &lt;jane@y.com&gt;<br>');
    expect(html).toContain('<b>words</b>');
  });
});
