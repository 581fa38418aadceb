// The lines in front of a mail, and what nobody can put into them.
import { describe, expect, it } from 'vitest';
import { type TraceOptions, traceLines } from '../../../../node/mailbox/intake/trace.ts';

const options: TraceOptions = {
  ...{ hostId: 'mac', inboxId: 'a@x.com', mailFrom: 'jane@y.com', ip: '192.0.2.1', helo: 'mx.y.com' },
  ...{ protocol: 'ESMTPS', authentication: { spf: 'pass', dkim: 'none', dmarc: 'pass' }, fromDomain: 'y.com' },
  receivedAtMs: Date.UTC(2026, 10, 29, 9, 0, 0),
};

describe('the trace of a mail', () => {
  it('says whom it is from and for, what is known of the sender, and which way it came', () => {
    expect(traceLines(options).split('\r\n')).toEqual([
      'Return-Path: <jane@y.com>',
      'Delivered-To: a@x.com',
      'Authentication-Results: mac;',
      ' spf=pass smtp.mailfrom=y.com;',
      ' dkim=none;',
      ' dmarc=pass header.from=y.com',
      'Received: from mx.y.com ([192.0.2.1])',
      ' by mac with ESMTPS',
      ' for <a@x.com>;',
      ' Sun, 29 Nov 2026 09:00:00 +0000',
      '',
    ]);
  });

  it('says less of a sender who is nobody, and of a connection that nobody told of', () => {
    const lines = traceLines({ ...options, mailFrom: '', ip: undefined, helo: undefined, fromDomain: undefined });
    expect(lines).toContain('Return-Path: <>\r\n');
    expect(lines).toContain(' spf=pass smtp.mailfrom=none;\r\n');
    expect(lines).toContain('Received: from unknown\r\n');
    expect(traceLines({ ...options, ip: '2001:db8::1' })).toContain('([IPv6:2001:db8::1])');
  });

  it('has no line, comment or result that the other side made up', () => {
    const lines = traceLines({
      ...options,
      helo: 'x\r\nX-Spam: yes (trusted) ; dmarc=pass',
      mailFrom: 'a>\r\nBcc: <b@z.com',
      fromDomain: 'y.com; dkim=pass\r\n\r\nbody',
    });
    expect(lines.split('\r\n')).toHaveLength(11);
    expect(lines.match(/dkim=pass(?![\w.])/)).toBeNull();
    expect(lines).not.toMatch(/^(?:X-Spam|Bcc)/m);
  });
});
