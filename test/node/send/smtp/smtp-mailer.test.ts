// The mailer against a server that fails at every step in every way: what it says happened must be what happened.
import { generateKeyPairSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../node/secret.ts';
import { account, content } from '../../../support/mail.ts';
import { type Place, RawSmtp, type RawSmtpOptions, type Step } from '../../../support/raw-smtp.ts';
import { at, BOB, createMailer, ship, short, WAYS } from '../../../support/shipments.ts';

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

  it('is signed by the key of its domain, where somebody knows one, and else by that of the account', async () => {
    await using server = await RawSmtp.start();
    const pem = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const keyOf = (domain: string) => ({ domain, selector: 's', privateKey: new Secret(pem.toString()) });
    const asked: string[] = [];
    const dkimFor = (domain: string) => {
      asked.push(domain);
      return domain === 'mail.example.com' ? keyOf(domain) : undefined;
    };
    const mailer = createMailer({ dkimFor });
    const parts = { account: { dkim: keyOf('account.example') } };
    await ship(server, parts, mailer);
    await ship(server, { ...parts, content: { from: { name: '', address: 'bot@Other.example' } } }, mailer);
    const signers = server.taken.map(({ data }) => /DKIM-Signature:[^;]*;(?:[^;]*;)*?\s*d=([^;]+);/.exec(data)?.[1]);
    expect(signers).toEqual(['mail.example.com', 'account.example']);
    expect(asked).toEqual(['mail.example.com', 'other.example']);
    await mailer.close();
  });

  it('goes over a connection that is there already', async () => {
    await using server = await RawSmtp.start();
    const mailer = createMailer();
    const ready: number[] = [mailer.readyFor(account())];
    const begin = async () => {
      ready.push(mailer.readyFor(account()));
    };
    for (const _ of [1, 2, 3]) await ship(server, { begin }, mailer);
    expect([server.connections, server.taken.length]).toEqual([1, 3]);
    ready.push(mailer.readyFor(account()), mailer.readyFor(account({ id: 'other' })));
    await server.sayUnasked('421 4.3.2 closing');
    // Free between two messages, and neither while it carries one nor once it is closed.
    expect([...ready, mailer.readyFor(account())]).toEqual([0, 0, 0, 0, 1, 0, 0]);
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

describe.each(WAYS)('the mark of an attempt that is said %s', (_, options, parts) => {
  it('is durable before the message leaves, while the envelope goes ahead', async () => {
    const data = Promise.withResolvers<void>();
    const DATA = () => {
      data.resolve();
      return '354 go on';
    };
    await using server = await RawSmtp.start({ ...options, steps: { DATA } });
    const mark = Promise.withResolvers<void>();
    const shipment = {
      account: account({ port: server.port }),
      content: content(parts),
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
    await using server = await RawSmtp.start(options);
    const begin = () => Promise.reject(new Error('The disk is full.'));
    const shipment = {
      account: account({ port: server.port }),
      content: content(parts),
      date: '2026-01-27T12:00:00.000Z',
      recipients: [BOB],
      begin,
    };
    const outcome = await createMailer().ship(shipment, new AbortController().signal);
    expect(outcome).toMatchObject({ kind: 'not_sent', error: 'interrupted', reply: 'The disk is full.' });
    expect(server.taken).toEqual([]);
  });
});

describe.each(WAYS)('a server that refuses what is said %s', (_, options, parts) => {
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
    const { shipped, server } = await at(place, step, options, parts);
    expect(short(shipped)).toBe(expected);
    expect(server.taken).toEqual([]);
  });
});

describe.each(WAYS.slice(0, 2))(
  'words of a server that were said before the end of what is said %s',
  (_, offer, parts) => {
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
      const { shipped, server } = await at(place, step, { ...offer, ...options }, parts);
      expect(short(shipped)).toBe(expected);
      expect(shipped.outcome).toMatchObject({ reply: typeof step === 'string' ? step : step.closeAfter });
      expect(server.taken).toEqual([]);
    });

    it('of one that closes a connection because nobody used it, the message goes over a new one', async () => {
      await using server = await RawSmtp.start();
      const mailer = createMailer();
      await ship(server, { content: parts }, mailer);
      let isFirst = true;
      const MAIL = (): Step => {
        if (!isFirst) return '250 2.1.0 ok';
        isFirst = false;
        return { closeAfter: '421 4.4.2 idle for too long' };
      };
      server.options = { steps: { MAIL } };
      expect(short(await ship(server, { content: parts }, mailer))).toBe('accepted 250');
      expect([server.connections, server.taken.length]).toEqual([2, 2]);
      await mailer.close();
    });
  },
);

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
