// Whom the words of a gateway are believed of.
import { describe, expect, it } from 'vitest';
import { gatewayVerdict } from '../../../../node/mailbox/intake/gateway-verdict.ts';
import { headerFields } from '../../../../node/mailbox/intake/header-fields.ts';

const verdict = (...lines: readonly string[]) =>
  gatewayVerdict(headerFields(Buffer.from(lines.join('\r\n'))), ['mx.example.com']);
const FROM = 'From: Jane <jane@y.com>';

describe('the word of a gateway', () => {
  it('is what it found, whatever stands in comments and quotes', () => {
    const field = [
      'Authentication-Results: MX.example.com 1 (the (best) host; really);',
      ' spf=pass (sender is "allowed") smtp.mailfrom=jane@y.com; dkim=fail reason="bad; signature" header.d=y.com;',
      ' dkim = pass header.d=y.com; dmarc=pass (p=reject) header.from=y.com',
    ];
    expect(verdict(...field, FROM)).toEqual({
      authentication: { spf: 'pass', dkim: 'pass', dmarc: 'pass' },
      ...{ isAuthenticated: true, isTemporary: false, fromDomain: 'y.com' },
    });
  });

  it('may stand in several fields, one of each filter', () => {
    const found = verdict(
      ...['Received: by mx.example.com', 'Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=y.com'],
      ...['Authentication-Results: mx.example.com; dmarc=fail header.from=y.com', FROM],
    );
    expect(found).toMatchObject({
      authentication: { spf: 'pass', dkim: 'none', dmarc: 'fail' },
      isAuthenticated: false,
    });
  });

  it.each([
    ['spf=pass smtp.mailfrom=bounce@news.y.com; dmarc=none', true],
    ['dkim=pass header.d=y.com', true],
    ['spf=pass smtp.mailfrom=other.com; dkim=pass header.d=other.com', false],
    ['spf=softfail smtp.mailfrom=y.com', false],
    ['dmarc=temperror', false],
    ['dkim=pass header.d=y.com; dmarc=permerror', false],
  ])('%s: authenticated is %s', (words, isAuthenticated) => {
    expect(verdict(`Authentication-Results: mx.example.com; ${words}`, FROM)?.isAuthenticated).toBe(isAuthenticated);
  });

  it('about a mail from two people, or from nobody, is for none of them', () => {
    const passed = 'Authentication-Results: mx.example.com; dmarc=pass';
    for (const from of ['From: a@y.com, b@z.com', 'From: nobody', 'Subject: x'])
      expect(verdict(passed, from)).toMatchObject({ isAuthenticated: false, fromDomain: undefined });
  });

  it('about another domain than people are shown, or one of two fields, is for none of them', () => {
    const passed = 'Authentication-Results: mx.example.com; dmarc=pass header.from=';
    expect(verdict(`${passed}z.com`, 'From: <a@y.com> <b@z.com>')).toMatchObject({ isAuthenticated: false });
    expect(verdict(`${passed}y.com`, FROM, 'From: b@z.com')).toMatchObject({ isAuthenticated: false });
    const international = verdict(`${passed}XN--BCHER-KVA.example`, 'From: a@bücher.example');
    expect(international).toMatchObject({ isAuthenticated: true });
  });

  it.each([
    ['another name', ['Authentication-Results: mx.example.com.evil.com; dmarc=pass']],
    ['a name in a comment', ['Authentication-Results: (mx.example.com;) evil.com; dmarc=pass']],
    ['no method', ['Authentication-Results: mx.example.com; none']],
    ['another field', ['X-Authentication-Results: mx.example.com; dmarc=pass']],
    ['a field of 10 kB', [`Authentication-Results: mx.example.com; dmarc=pass ${'x'.repeat(10_000)}`]],
    [
      'a field that came with the mail',
      ['Received: by mx.example.com', 'Received: by evil.com', 'Authentication-Results: mx.example.com; dmarc=pass'],
    ],
  ])('is not heard in %s', (_, lines) => {
    expect(verdict(...lines, FROM)).toBeUndefined();
  });
});
