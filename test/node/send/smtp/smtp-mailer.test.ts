// The mailer against a server that fails at every step in every way: what it says happened must be what happened.
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { socketBy } from '../../../../node/dns/named-socket.ts';
import { Secret } from '../../../../node/secret.ts';
import type { Account } from '../../../../node/send/accounts/account.ts';
import type { ShipmentOutcome } from '../../../../node/send/mailer.ts';
import type { MessageContent } from '../../../../node/send/message.ts';
import { SmtpMailer } from '../../../../node/send/smtp/smtp-mailer.ts';
import { systemClock } from '../../../../node/system/clock.ts';
import { account, content } from '../../../support/mail.ts';
import { type Place, RawSmtp, type RawSmtpOptions, type Step } from '../../../support/raw-smtp.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { systemAddresses } from '../../../support/system-names.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const BOB = 'bob@mail.example.com';

interface Shipped {
  readonly outcome: ShipmentOutcome;
  readonly begun: boolean;
}

async function ship(
  server: RawSmtp,
  parts: {
    readonly account?: Partial<Account>;
    readonly content?: Partial<MessageContent>;
    readonly to?: readonly string[];
  } = {},
  mailer = createMailer(),
): Promise<Shipped> {
  let begun = false;
  const outcome = await mailer.ship(
    {
      account: account({ port: server.port, ...parts.account }),
      content: content(parts.content),
      date: '2026-01-27T12:00:00.000Z',
      recipients: parts.to ?? [BOB],
      begin: () => {
        begun = true;
        return Promise.resolve();
      },
    },
    new AbortController().signal,
  );
  return { outcome, begun };
}

function createMailer(parts: Partial<ConstructorParameters<typeof SmtpMailer>[0]> = {}): SmtpMailer {
  return new SmtpMailer({
    clock: systemClock,
    log: new RecordingLog(),
    open: () => Readable.from([Buffer.from('x')]),
    secretOf: ({ auth }) => Promise.resolve(auth?.kind === 'password' ? auth.password : new Secret('token')),
    secretRefused: () => undefined,
    socketTo: (name) => socketBy(systemAddresses.lookup, name),
    name: 'client.example.com',
    ...parts,
  });
}

/** What the outcome says in short. */
function short({ outcome }: Shipped): string {
  if (outcome.kind === 'answered') return outcome.answers.map(({ verdict, code }) => `${verdict} ${code}`).join(', ');
  return outcome.kind === 'unknown' ? 'unknown' : [outcome.error, outcome.class, outcome.scope].join(' ');
}

async function at(
  place: Place,
  step: Step,
  options: RawSmtpOptions = {},
): Promise<{ shipped: Shipped; server: RawSmtp }> {
  await using server = await RawSmtp.start({ ...options, steps: { [place]: step } });
  return { shipped: await ship(server), server };
}

describe('a message', () => {
  it('arrives as it was composed, with the envelope it was given', async () => {
    await using server = await RawSmtp.start();
    const shipped = await ship(server, { content: { text: 'one\r\n.\r\n..two\r\n' } });
    expect(shipped).toMatchObject({
      begun: true,
      outcome: { kind: 'answered', answers: [{ address: BOB, code: 250 }] },
    });
    expect(server.taken.map(({ from, to }) => [from, to])).toEqual([['ann@mail.example.com', [BOB]]]);
    expect(server.taken[0]?.data).toMatch(/\r\n\r\none\r\n\.\.\r\n\.\.\.two\r\n$/);
    expect(server.taken[0]?.data).not.toMatch(/[^\r]\n|\r[^\n]/);
  });

  it('goes over a connection that is there already', async () => {
    await using server = await RawSmtp.start();
    const mailer = createMailer();
    for (const _ of [1, 2, 3]) await ship(server, {}, mailer);
    expect([server.connections, server.taken.length]).toEqual([1, 3]);
    await mailer.close();
  });

  it('goes over a new connection when the server has closed the old one', async () => {
    await using server = await RawSmtp.start({ steps: { DOT: { closeAfter: '250 2.0.0 taken' } } });
    const mailer = createMailer();
    for (const _ of [1, 2]) expect(short(await ship(server, {}, mailer))).toBe('accepted 250');
    expect(server.connections).toBe(2);
    await mailer.close();
  });

  it('is told recipient by recipient when the server refuses some', async () => {
    const RCPT = (line: string) => {
      if (line.includes('no@')) return '550 5.1.1 nobody';
      return line.includes('later@') ? '451 4.2.0 busy' : '250 ok';
    };
    await using server = await RawSmtp.start({ steps: { RCPT } });
    const to = [BOB, 'no@mail.example.com', 'later@mail.example.com'];
    const { outcome } = await ship(server, { to });
    const answers = outcome.kind === 'answered' ? outcome.answers : [];
    expect(Object.fromEntries(answers.map(({ address, verdict, enhanced }) => [address, [verdict, enhanced]]))).toEqual(
      {
        [BOB]: ['accepted', undefined],
        'no@mail.example.com': ['refused', '5.1.1'],
        'later@mail.example.com': ['deferred', '4.2.0'],
      },
    );
  });
});

describe('the mark of an attempt', () => {
  it('is durable before the message leaves, while the envelope goes ahead', async () => {
    const data = Promise.withResolvers<void>();
    const DATA = () => {
      data.resolve();
      return '354 go on';
    };
    await using server = await RawSmtp.start({ steps: { DATA } });
    const mark = Promise.withResolvers<void>();
    const shipment = {
      account: account({ port: server.port }),
      content: content(),
      date: '2026-01-27T12:00:00.000Z',
      recipients: [BOB],
      begin: () => mark.promise,
    };
    const shipping = createMailer().ship(shipment, new AbortController().signal);
    await data.promise;
    expect(server.heard.at(-1)).toBe('DATA');
    mark.resolve();
    expect(await shipping).toMatchObject({ kind: 'answered' });
    expect(server.taken.length).toBe(1);
  });

  it('that the disk refuses keeps the message back', async () => {
    await using server = await RawSmtp.start();
    const begin = () => Promise.reject(new Error('The disk is full.'));
    const shipment = {
      account: account({ port: server.port }),
      content: content(),
      date: '2026-01-27T12:00:00.000Z',
      recipients: [BOB],
      begin,
    };
    const outcome = await createMailer().ship(shipment, new AbortController().signal);
    expect(outcome).toMatchObject({ kind: 'not_sent', error: 'interrupted', reply: 'The disk is full.' });
    expect(server.taken).toEqual([]);
  });
});

describe('a server that refuses', () => {
  it.each<[Place, Step, string]>([
    ['GREETING', '554 5.7.1 go away', 'greeting_refused permanent account'],
    ['GREETING', '421 4.3.2 not now', 'greeting_refused transient account'],
    ['MAIL', '550 5.7.1 not you', 'sender_refused permanent account'],
    ['MAIL', '451 4.3.0 not now', 'sender_refused transient account'],
    ['MAIL', '421 4.3.2 closing', 'connection_lost transient account'],
    ['RCPT', '550 5.1.1 nobody', 'refused 550'],
    ['RCPT', '450 4.2.1 later', 'deferred 450'],
    ['DATA', '554 5.6.0 no', 'refused 554'],
    ['DATA', '451 4.3.0 later', 'deferred 451'],
    ['DOT', '554 5.6.0 not this', 'refused 554'],
    ['DOT', '451 4.3.0 try later', 'deferred 451'],
    ['DOT', '552 5.3.4 too big', 'message_too_large permanent message'],
    ['DOT', '552 too big', 'message_too_large permanent message'],
    ['DOT', '552 5.2.2 mailbox full', 'deferred 552'],
    ['DOT', '552 mailbox full', 'deferred 552'],
    ['DOT', '552 5.0.0 Quota exceeded', 'deferred 552'],
    ['DOT', '552 Requested mail action aborted: exceeded storage allocation', 'deferred 552'],
    ['DOT', '552 5.3.4 too big for the quota', 'message_too_large permanent message'],
    ['DATA', '552 The mailbox of bob is full', 'deferred 552'],
    ['DOT', '452 4.3.4 too big for now', 'deferred 452'],
    ['DOT', '554 5.2.3 too big for him', 'message_too_large permanent message'],
    ['DOT', '421 4.3.2 closing', 'connection_lost transient account'],
    ['MAIL', '552 5.3.4 too big', 'message_too_large permanent message'],
    ['MAIL', '452 4.3.1 disk full', 'sender_refused transient account'],
    ['RCPT', '552 too many recipients', 'deferred 552'],
    ['RCPT', '552 5.5.3 too many recipients', 'deferred 552'],
    ['RCPT', '552 5.2.2 mailbox full', 'deferred 552'],
    ['RCPT', '550 5.2.2 over quota', 'deferred 550'],
    ['RCPT', '452 4.2.2 mailbox full', 'deferred 452'],
    ['RCPT', '550 mailbox is full', 'deferred 550'],
    ['RCPT', '550 5.0.0 User quota exceeded', 'deferred 550'],
    ['RCPT', '550 mailbox unavailable', 'refused 550'],
    ['RCPT', '552 5.3.4 too big', 'refused 552'],
    ['RCPT', '550 4.7.1 greylisted', 'deferred 550'],
    ['RCPT', '450 5.1.1 nobody', 'refused 450'],
    ['RCPT', '421 4.3.2 closing', 'connection_lost transient account'],
    ['GREETING', '554 5.7.1 ssl0.example.com: access denied', 'greeting_refused permanent account'],
    ['GREETING', '421 tls certificate is being renewed', 'greeting_refused transient account'],
    ['GREETING', '554 greeting self-signed', 'greeting_refused permanent account'],
    ['EHLO', '421 upgrade going on', 'greeting_refused transient account'],
  ])('at %s with %j: %s', async (place, step, expected) => {
    const { shipped, server } = await at(place, step);
    expect(short(shipped)).toBe(expected);
    expect(server.taken).toEqual([]);
  });
});

describe('words of a server that were said before the connection ended', () => {
  it.each<[Place, Step, RawSmtpOptions, string]>([
    ['MAIL', '451 4.7.1 greylisted', { isLenient: true }, 'sender_refused transient account'],
    ['MAIL', '550 5.7.1 not you', { isLenient: true }, 'sender_refused permanent account'],
    ['MAIL', { closeAfter: '421 4.3.2 closing' }, {}, 'connection_lost transient account'],
    ['MAIL', { closeAfter: '550 5.7.1 not you' }, {}, 'sender_refused permanent account'],
    ['RCPT', { closeAfter: '421 4.3.2 closing' }, {}, 'connection_lost transient account'],
    ['MAIL', { closeAfter: '421 4.3.2 closing' }, { extensions: [] }, 'connection_lost transient account'],
    ['RCPT', { closeAfter: '421 4.3.2 closing' }, { extensions: [] }, 'connection_lost transient account'],
    ['DATA', { closeAfter: '421 4.3.2 closing' }, {}, 'connection_lost transient account'],
    ['DOT', { closeAfter: '421 4.3.2 closing' }, {}, 'connection_lost transient account'],
  ])('are kept: at %s %j of one that is %j', async (place, step, options, expected) => {
    const { shipped, server } = await at(place, step, options);
    expect(short(shipped)).toBe(expected);
    expect(shipped.outcome).toMatchObject({ reply: typeof step === 'string' ? step : step.closeAfter });
    expect(server.taken).toEqual([]);
  });

  it('of one that closes a connection because nobody used it, the message goes over a new one', async () => {
    await using server = await RawSmtp.start();
    const mailer = createMailer();
    await ship(server, {}, mailer);
    let isFirst = true;
    const MAIL = (): Step => {
      if (!isFirst) return '250 2.1.0 ok';
      isFirst = false;
      return { closeAfter: '421 4.4.2 idle for too long' };
    };
    server.options = { steps: { MAIL } };
    expect(short(await ship(server, {}, mailer))).toBe('accepted 250');
    expect([server.connections, server.taken.length]).toEqual([2, 2]);
    await mailer.close();
  });
});

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

describe('a message that the mailer can not write', () => {
  it.each(['"a>b"@mail.example.com', 'no address'])('to %j says nothing of the server', async (to) => {
    await using server = await RawSmtp.start();
    expect(short(await ship(server, { to: [to] }))).toBe('compose_failed permanent message');
    expect(server.heard.filter((line) => line.startsWith('MAIL'))).toEqual([]);
  });
});

describe('an address with an IP address after the @', () => {
  it.each(['[192.0.2.1]', '[IPv6:2001:db8::1]'])('%s is written as it is', async (domain) => {
    await using server = await RawSmtp.start();
    const address = `bot@${domain}`;
    expect(short(await ship(server, { content: { from: { name: 'Bot', address } } }))).toBe('accepted 250');
    expect(server.taken[0]?.from).toBe(address);
    // The tag of an IPv6 address is in any case (RFC 5321 §4.1.3).
    expect(server.taken[0]?.data.toLowerCase()).toContain(`from: bot <${address.toLowerCase()}>\r\n`);
  });
});

describe('a connection that dies', () => {
  it.each<[Place, string, boolean]>([
    ['GREETING', 'connection_lost transient account', false],
    ['EHLO', 'connection_lost transient account', false],
    ['MAIL', 'connection_lost transient account', true],
    ['RCPT', 'connection_lost transient account', true],
    ['DATA', 'connection_lost transient account', true],
    ['BODY', 'unknown', true],
    ['DOT', 'unknown', true],
  ])('at %s is %s', async (place, expected, begun) => {
    const { shipped } = await at(place, 'CLOSE');
    expect([short(shipped), shipped.begun]).toEqual([expected, begun]);
  });

  it('is not a doubt when the server said 2xx before', async () => {
    const { shipped } = await at('DOT', { closeAfter: '250 2.0.0 taken' });
    expect(short(shipped)).toBe('accepted 250');
  });

  it('that never was one is a failure of the account', async () => {
    const server = await RawSmtp.start();
    await server[Symbol.asyncDispose]();
    expect(short(await ship(server))).toBe('connect_failed transient account');
  });
});

describe.each([
  ['with pipelining', ['PIPELINING', '8BITMIME']],
  ['without', ['8BITMIME']],
] as const)('a server that is out of step, %s', (_, extensions) => {
  it.each<[Place, string, string]>([
    ['GREETING', '220 one\r\n220 two', 'unknown'],
    ['EHLO', '250-test\r\n250 8BITMIME\r\n250 ok', 'unknown'],
    ['MAIL', '250 ok\r\n250 ok', 'unknown'],
    ['RCPT', '250 ok\r\n250 ok', 'unknown'],
    ['RCPT', 'warning: slow disk\r\n250 ok', 'unknown'],
    ['DATA', '354 go on\r\n250 ok', 'unknown'],
    ['DATA', '250 ok\r\n354 go on', 'unknown'],
    ['DOT', '354 go on', 'unknown'],
    ['DOT', '250 ok\r\n451 later', 'unknown'],
    ['DOT', '451 later\r\n250 ok', 'unknown'],
    ['DOT', 'taken', 'unknown'],
    ['DOT', '2 taken', 'unknown'],
    ['DOT', '451-one\r\n250 two', 'unknown'],
    ['DOT', '250 ok\r\n421 closing', 'accepted 250'],
  ])('at %s with %j: %s, and it is not sent twice', async (place, step, expected) => {
    const hello = ['test', ...extensions].map((text, at) => `250${at === extensions.length ? ' ' : '-'}${text}`);
    const steps = { EHLO: hello.join('\r\n'), [place]: step };
    await using server = await RawSmtp.start({ steps });
    const mailer = createMailer();
    const shipped = await ship(server, {}, mailer);
    expect([short(shipped), server.heard.filter((line) => line.includes('Hello, Bob.')).length]).toEqual([expected, 1]);
    await mailer.close();
  });

  it('about one recipient is believed about none', async () => {
    const RCPT = (line: string) => (line.includes('later@') ? '450 later\r\n250 ok' : '250 ok');
    await using server = await RawSmtp.start({ extensions, steps: { RCPT } });
    expect(short(await ship(server, { to: ['later@mail.example.com', BOB] }))).toBe('unknown');
    expect(server.taken.length).toBe(1);
  });

  it('gets no empty message for those it seemed to refuse', async () => {
    await using server = await RawSmtp.start({ extensions, steps: { RCPT: '450 later\r\n250 ok' } });
    expect(short(await ship(server))).toBe('protocol_error transient account');
    expect(server.taken).toEqual([]);
  });

  it('at DATA is not told the message as if it were commands', async () => {
    await using server = await RawSmtp.start({ extensions, steps: { DATA: { closeAfter: '250 ok' } } });
    expect(short(await ship(server))).toBe('protocol_error transient account');
    expect(server.heard.join('\n')).not.toContain('Hello, Bob.');
  });

  it.each(['451-4.3.0 one', '451 4.3.0 tw'])('and cuts its answer to the message off (%j): unknown', async (said) => {
    const { shipped } = await at('DOT', { closeAfter: said, isCutOff: true }, { extensions });
    expect(short(shipped)).toBe('unknown');
  });

  it('between two messages is left for another connection', async () => {
    await using server = await RawSmtp.start({ extensions });
    const mailer = createMailer();
    await ship(server, {}, mailer);
    await server.sayUnasked('250 ok');
    expect(short(await ship(server, {}, mailer))).toBe('accepted 250');
    expect([server.connections, server.taken.length]).toEqual([2, 2]);
    await mailer.close();
  });
});

describe('a server that goes silent', () => {
  it.each<[Place, string]>([
    ['GREETING', 'server_timeout transient account'],
    ['EHLO', 'server_timeout transient account'],
    ['MAIL', 'server_timeout transient account'],
    ['RCPT', 'server_timeout transient account'],
    ['DATA', 'server_timeout transient account'],
    ['DOT', 'unknown'],
  ])('at %s gives its slot back after 28 s as %s', async (place, expected) => {
    const clock = new VirtualClock();
    const reached = Promise.withResolvers<void>();
    const step = () => {
      reached.resolve();
      return 'SILENCE' as const;
    };
    await using server = await RawSmtp.start({ steps: { [place]: step } });
    const shipping = ship(server, {}, createMailer({ clock }));
    await reached.promise;
    await clock.advance(28_000);
    expect(short(await shipping)).toBe(expected);
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

describe('an address beyond ASCII', () => {
  it('is refused for good when the server does not take it, before anything is said', async () => {
    await using server = await RawSmtp.start({ extensions: ['8BITMIME'] });
    const shipped = await ship(server, {
      to: ['bøb@mail.example.com'],
      content: { to: [{ name: '', address: 'bøb@mail.example.com' }] },
    });
    expect([short(shipped), shipped.begun]).toEqual(['smtputf8_unsupported permanent message', false]);
    expect(server.heard.filter((line) => /MAIL|RCPT/.test(line))).toEqual([]);
  });

  it('goes out with A-labels when only its domain is', async () => {
    await using server = await RawSmtp.start({ extensions: ['8BITMIME'] });
    const to = 'bob@bücher.example.com';
    const shipped = await ship(server, { to: [to], content: { to: [{ name: '', address: to }] } });
    expect(shipped.outcome).toMatchObject({ kind: 'answered', answers: [{ address: to, verdict: 'accepted' }] });
    expect(server.taken[0]?.to).toEqual(['bob@xn--bcher-kva.example.com']);
  });
});

describe('an attachment that can not be read', () => {
  it('fails its message, and the server gets no part that looks whole', async () => {
    await using server = await RawSmtp.start();
    const mailer = createMailer({ open: () => createReadStream(join(tmpdir(), 'no', 'such', 'blob')) });
    const attachments = [{ filename: 'a.bin', blob: 'x', bytes: 10 }];
    const shipped = await ship(server, { content: { attachments } }, mailer);
    expect(shipped.outcome).toMatchObject({ kind: 'not_sent', scope: 'message', class: 'permanent' });
    expect(server.taken).toEqual([]);
  });
});

describe('stopping', () => {
  it('interrupts what is under way before the dot, and says so', async () => {
    await using server = await RawSmtp.start({ steps: { MAIL: 'SILENCE' } });
    const stop = new AbortController();
    const begin = () => {
      queueMicrotask(() => stop.abort());
      return Promise.resolve();
    };
    const shipment = {
      account: account({ port: server.port }),
      content: content(),
      date: '2026-01-27T12:00:00.000Z',
      recipients: [BOB],
      begin,
    };
    const outcome = await createMailer().ship(shipment, stop.signal);
    expect(outcome).toMatchObject({ kind: 'not_sent', error: 'interrupted' });
  });
});
