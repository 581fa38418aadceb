import { describe, expect, it } from 'vitest';
import { account, content } from '../../../support/mail.ts';
import { type Place, RawSmtp } from '../../../support/raw-smtp.ts';
import { at, BOB, createMailer, ship, short, WAYS } from '../../../support/shipments.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

describe.each(WAYS)('a connection that dies while a message is said %s', (_, options, parts) => {
  it.each<[Place, string, boolean]>([
    ['GREETING', 'connection_lost transient account', false],
    ['EHLO', 'connection_lost transient account', false],
    ['MAIL', 'connection_lost transient account', true],
    ['RCPT', 'connection_lost transient account', true],
    ['DATA', 'connection_lost transient account', true],
    ['DOT', 'unknown', true],
  ])('at %s is %s', async (place, expected, begun) => {
    const { shipped } = await at(place, 'CLOSE', options, parts);
    expect([short(shipped), shipped.begun]).toEqual([expected, begun]);
  });

  it('in the midst of it is unknown, unless its dot has surely not left', async () => {
    const { shipped } = await at('BODY', 'CLOSE', options, parts);
    const isStream = parts.html !== undefined;
    expect(isStream ? ['unknown', 'connection_lost transient account'] : ['unknown']).toContain(short(shipped));
  });

  it('is not a doubt when the server said 2xx before', async () => {
    const { shipped } = await at('DOT', { closeAfter: '250 2.0.0 taken' }, options, parts);
    expect(short(shipped)).toBe('accepted 250');
  });

  it('that never was one is a failure of the account', async () => {
    const server = await RawSmtp.start();
    await server[Symbol.asyncDispose]();
    expect(short(await ship(server))).toBe('connect_failed transient account');
  });
});

describe.each([
  ['at once', ['PIPELINING', '8BITMIME'], {}],
  ['by the library', ['PIPELINING', '8BITMIME'], { html: '<p>x</p>' }],
  ['in steps', ['8BITMIME'], {}],
] as const)('a server that is out of step with what is said %s', (_, extensions, parts) => {
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
    const shipped = await ship(server, { content: parts }, mailer);
    expect([short(shipped), server.heard.filter((line) => line.includes('Hello, Bob.')).length]).toEqual([expected, 1]);
    await mailer.close();
  });

  it('about one recipient is believed about none', async () => {
    const RCPT = (line: string) => (line.includes('later@') ? '450 later\r\n250 ok' : '250 ok');
    await using server = await RawSmtp.start({ extensions, steps: { RCPT } });
    expect(short(await ship(server, { content: parts, to: ['later@mail.example.com', BOB] }))).toBe('unknown');
    expect(server.taken.length).toBe(1);
  });

  it('gets no empty message for those it seemed to refuse', async () => {
    await using server = await RawSmtp.start({ extensions, steps: { RCPT: '450 later\r\n250 ok' } });
    expect(short(await ship(server, { content: parts }))).toBe('protocol_error transient account');
    expect(server.taken).toEqual([]);
  });

  it('at DATA is not told the message as if it were commands', async () => {
    await using server = await RawSmtp.start({ extensions, steps: { DATA: { closeAfter: '250 ok' } } });
    expect(short(await ship(server, { content: parts }))).toBe('protocol_error transient account');
    expect(server.heard.join('\n')).not.toContain('Hello, Bob.');
  });

  it.each(['451-4.3.0 one', '451 4.3.0 tw'])('and cuts its answer to the message off (%j): unknown', async (said) => {
    const { shipped } = await at('DOT', { closeAfter: said, isCutOff: true }, { extensions }, parts);
    expect(short(shipped)).toBe('unknown');
  });

  it('between two messages is left for another connection', async () => {
    await using server = await RawSmtp.start({ extensions });
    const mailer = createMailer();
    await ship(server, { content: parts }, mailer);
    await server.sayUnasked('250 ok');
    expect(short(await ship(server, { content: parts }, mailer))).toBe('accepted 250');
    expect([server.connections, server.taken.length]).toEqual([2, 2]);
    await mailer.close();
  });
});

describe.each(WAYS)('a server that goes silent while a message is said %s', (_, options, parts) => {
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
    await using server = await RawSmtp.start({ ...options, steps: { [place]: step } });
    const shipping = ship(server, { content: parts }, createMailer({ clock }));
    await reached.promise;
    await clock.advance(28_000);
    expect(short(await shipping)).toBe(expected);
  });
});

describe.each(WAYS)('stopping while a message is said %s', (_, options, parts) => {
  it('interrupts what is under way before the dot, and says so', async () => {
    await using server = await RawSmtp.start({ ...options, steps: { MAIL: 'SILENCE' } });
    const stop = new AbortController();
    const begin = () => {
      queueMicrotask(() => stop.abort());
      return Promise.resolve();
    };
    const shipment = {
      account: account({ port: server.port }),
      content: content(parts),
      date: '2026-01-27T12:00:00.000Z',
      recipients: [BOB],
      begin,
    };
    const outcome = await createMailer().ship(shipment, stop.signal);
    expect(outcome).toMatchObject({ kind: 'not_sent', error: 'interrupted' });
  });
});
