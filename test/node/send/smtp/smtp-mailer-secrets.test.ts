import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../node/secret.ts';
import { type Place, RawSmtp, type Step } from '../../../support/raw-smtp.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { createMailer, ship, short } from '../../../support/shipments.ts';

describe('a server that secures no connection', () => {
  it.each<[Step, string]>([
    ['454 4.7.0 TLS not available due to temporary reason', 'tls_not_offered transient account'],
    ['421 4.3.2 closing', 'connection_lost transient account'],
    ['502 5.5.1 no such command', 'tls_not_offered permanent account'],
    ['501 5.5.4 syntax', 'tls_not_offered permanent account'],
  ])('and says %j: %s, in its words', async (step, expected) => {
    await using server = await RawSmtp.start({ extensions: ['STARTTLS'], steps: { STARTTLS: step } });
    const shipped = await ship(server, { account: { security: 'starttls' } });
    expect(short(shipped)).toBe(expected);
    expect(shipped.outcome).toMatchObject({ reply: step });
  });

  it('and hangs up in the midst of it, or speaks something else: tls_failed', async () => {
    await using server = await RawSmtp.start({ steps: { GREETING: '220 no TLS here' } });
    expect(short(await ship(server, { account: { security: 'tls' } }))).toBe('tls_failed transient account');
  });
});

describe('a login', () => {
  const auth = { kind: 'password', user: 'ann', password: new Secret('correct horse') } as const;

  it.each<[Step, string]>([
    ['535 5.7.8 wrong', 'auth_failed permanent account'],
    ['454 4.7.0 temporary authentication failure', 'auth_failed transient account'],
    ['421 4.3.2 closing', 'connection_lost transient account'],
  ])('that is answered %j is %s', async (step, expected) => {
    await using server = await RawSmtp.start({ extensions: ['AUTH PLAIN'], steps: { AUTH: step } });
    let refused = 0;
    const mailer = createMailer({ secretRefused: () => (refused += 1) });
    expect(short(await ship(server, { account: { auth } }, mailer))).toBe(expected);
    expect(refused).toBe(expected.includes('permanent') ? 1 : 0);
  });
});

describe('secrets on the wire', () => {
  const auth = { kind: 'password', user: 'ann', password: new Secret('correct horse') } as const;

  it('never go out when STARTTLS was stripped', async () => {
    await using server = await RawSmtp.start({ extensions: ['AUTH PLAIN LOGIN'] });
    const shipped = await ship(server, { account: { security: 'starttls', auth } });
    expect(short(shipped)).toBe('tls_not_offered permanent account');
    expect(server.heard.join('\n')).not.toMatch(/AUTH|MAIL/);
  });

  it('never go out when the server refuses STARTTLS', async () => {
    await using server = await RawSmtp.start({ extensions: ['STARTTLS', 'AUTH PLAIN LOGIN'] });
    const shipped = await ship(server, { account: { security: 'starttls', auth } });
    expect(shipped.outcome).toMatchObject({ kind: 'not_sent', scope: 'account' });
    expect(server.heard.join('\n')).not.toMatch(/AUTH|MAIL/);
  });

  it('are in no log', async () => {
    await using server = await RawSmtp.start({ extensions: ['AUTH PLAIN'], steps: { AUTH: '535 5.7.8 wrong' } });
    const log = new RecordingLog();
    const shipped = await ship(server, { account: { auth } }, createMailer({ log }));
    expect(short(shipped)).toBe('auth_failed permanent account');
    expect(JSON.stringify(log.events)).not.toMatch(/correct horse|Y29ycmVjdCBob3JzZQ/);
  });
});

describe('a server that quotes what it was told', () => {
  const password = 'correct horse battery';
  const auth = { kind: 'password', user: 'ann', password: new Secret(password) } as const;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const said = [
    password,
    password.toUpperCase(),
    base64(`\0ann\0${password}`),
    base64(`\0ann\0${password}`).slice(0, 14),
    base64(`ann\0ann\0${password}`).slice(6, 30),
    base64(password),
    base64(`x:${password}`).slice(4),
    base64(`xy:${password}`).slice(5),
    `user=ann\x01auth=Bearer ${password}\x01\x01`,
    base64(`user=ann\x01auth=Bearer ${password}\x01\x01`),
  ];
  const places: readonly (readonly [Place, string])[] = [
    ['GREETING', '554 5.7.1'],
    ['EHLO', '550 5.7.1'],
    ['AUTH', '535 5.7.8'],
    ['MAIL', '550 5.7.1'],
    ['RCPT', '550 5.1.1'],
    ['DATA', '554 5.6.0'],
    ['DOT', '554 5.6.0'],
    ['DOT', '250 2.0.0'],
    ['DOT', '354'],
  ];

  it.each(places)('at %s with %s is not repeated: in no outcome, and in no log', async (place, code) => {
    for (const extension of ['AUTH PLAIN', 'AUTH LOGIN'])
      for (const quoted of said)
        for (const step of [`${code} what is '${quoted}'?`, { closeAfter: `${code} ${quoted}`, isCutOff: true }]) {
          await using server = await RawSmtp.start({ extensions: [extension], steps: { [place]: step } });
          const log = new RecordingLog();
          const mailer = createMailer({ log });
          const { outcome } = await ship(server, { account: { auth } }, mailer);
          await mailer.close();
          const told = JSON.stringify([outcome, log.events]).toLowerCase();
          expect(told).not.toContain(
            quoted
              .replace(/[^ -~]/g, ' ')
              .trim()
              .toLowerCase(),
          );
          expect(told).not.toMatch(/correct h|y29ycmvj/);
        }
  });

  it('tells the rest of its words', async () => {
    const steps = { AUTH: `535 5.7.8 '${base64(`\0ann\0${password}`).replace(/=+$/, '')}' is wrong for this user` };
    await using server = await RawSmtp.start({ extensions: ['AUTH PLAIN'], steps });
    const { outcome } = await ship(server, { account: { auth } });
    expect(outcome).toMatchObject({ reply: "535 5.7.8 '[secret]' is wrong for this user" });
  });
});
