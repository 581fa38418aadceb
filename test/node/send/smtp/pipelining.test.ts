// Messages that are said in two writes: the same comes of them as of those that the library says, and a server that offers PIPELINING
// and does not keep it loses none.
import { describe, expect, it } from 'vitest';
import { dataOf, PipelinedMessage } from '../../../../node/send/smtp/pipelined-message.ts';
import { SmtpDialogue } from '../../../../node/send/smtp/smtp-dialogue.ts';
import { IN_STEPS_MS } from '../../../../node/send/smtp/smtp-mailer.ts';
import { type Place, RawSmtp, type RawSmtpOptions, type Step } from '../../../support/raw-smtp.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { BOB, createMailer, ship, short } from '../../../support/shipments.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const [HTML, STEPS] = [{ html: '<p>x</p>' }, { extensions: ['8BITMIME', 'SMTPUTF8'] }];
const TWO = ['no@mail.example.com', BOB];

describe('a message that is said at once', () => {
  it('leaves in two writes, the envelope and the rest', async () => {
    await using server = await RawSmtp.start({ extensions: ['PIPELINING', 'SIZE 100000'] });
    const mailer = createMailer();
    await ship(server, { to: TWO }, mailer);
    server.chunks.length = 0;
    await ship(server, { to: TWO, content: { text: 'a\r\n.b\r\n' } }, mailer);
    expect(server.chunks).toEqual([
      expect.stringMatching(
        /^MAIL FROM:<ann@mail\.example\.com> SIZE=\d+\r\nRCPT TO:<no@mail\.example\.com>\r\nRCPT TO:<bob@mail\.example\.com>\r\nDATA\r\n$/,
      ),
      expect.stringMatching(/^From: Ann <ann@mail\.example\.com>\r\n(.*\r\n)*\r\na\r\n\.\.b\r\n\.\r\n$/),
    ]);
    expect(server.chunks[0]).toContain(`SIZE=${(server.chunks[1]?.length ?? 0) - '..\r\n'.length}\r\n`);
    await mailer.close();
  });

  it('is not said to a server that would not take as much', async () => {
    await using server = await RawSmtp.start({ extensions: ['PIPELINING', 'SIZE 100'] });
    expect(short(await ship(server))).toBe('message_too_large permanent message');
    expect(server.heard.join('\n')).not.toContain('MAIL');
  });

  it('is not said over a connection that is being closed', () => {
    const dialogue = new SmtpDialogue({ host: '127.0.0.1' });
    const envelope = { from: 'a@x.com', to: [BOB] };
    const takes = (writable: boolean) =>
      Object.assign(dialogue, { _supportedExtensions: ['PIPELINING'], _socket: { writable } }).takesAtOnce(envelope, 1);
    expect([takes(true), takes(false)]).toEqual([true, false]);
  });

  it('has the reply to its dot read though every octet comes alone', async () => {
    await using server = await RawSmtp.start({ isSlow: true, steps: { DOT: '250-2.0.0 takén\r\n250 2.0.0 by me' } });
    const { outcome } = await ship(server, { to: TWO });
    expect(outcome).toMatchObject({
      kind: 'answered',
      answers: [{ code: 250 }, { code: 250, reply: '250-2.0.0 takén 250 2.0.0 by me' }],
    });
  });

  it('is not said to a server that wants one for nobody', async () => {
    await using server = await RawSmtp.start({ isLenient: true, steps: { RCPT: '550 5.1.1 nobody' } });
    expect(short(await ship(server))).toBe('refused 550');
    expect([server.heard.at(-1), server.taken]).toEqual(['DATA', []]);
  });

  it('is kept back by a server that closes after 354, while the mark is not durable', async () => {
    const DATA = { closeAfter: '354 go on\r\n421 4.3.2 closing' };
    await using server = await RawSmtp.start({ steps: { DATA } });
    const mark = Promise.withResolvers<void>();
    const { outcome } = await ship(server, { begin: () => mark.promise });
    mark.resolve();
    expect(outcome).toMatchObject({ kind: 'not_sent', scope: 'account', reply: expect.stringContaining('421 4.3.2') });
    expect(server.heard.at(-1)).toBe('DATA');
  });

  it('is cut short by a refusal after 354, and not by what comes to its dot', () => {
    const errorOf = (what: string, code: string, response: string, command: string) =>
      Object.assign(new Error(what), { code, response, command });
    const message = new PipelinedMessage({ from: 'a@x.com', to: ['b@x.com'], size: undefined }, errorOf);
    const read = (reply: string) => message.read(reply, false).kind;
    expect(['250 ok', '250 ok', '354 go on'].map(read)).toEqual(['waits', 'waits', 'goes']);
    expect(message.read('451 not now', false)).toMatchObject({
      error: { code: 'EPROTOCOL', response: '451 not now', command: 'CONN' },
    });
    expect(message.read('451 not now', true)).toMatchObject({ error: { code: 'EMESSAGE', command: 'DATA' } });
    expect(message.read('250 ok', true)).toEqual({ kind: 'taken', response: '250 ok' });
  });

  it('is stuffed with dots as the library does it', async () => {
    await using atOnce = await RawSmtp.start();
    await using inSteps = await RawSmtp.start(STEPS);
    const [mailer, other, random] = [createMailer(), createMailer(), seededRandom(1)];
    const pieces = ['.', '..', '\r\n', '\r\n.', '\r\n.\r\n', 'a', 'ä', 'x'.repeat(80), '\r', '\n', '\n.', '\r.', '.\r'];
    for (let count = 0; count < 90; count += 1) {
      const length = Math.floor(random.next() * 12);
      const text = Array.from({ length }, () => pieces[Math.floor(random.next() * pieces.length)]).join('');
      await ship(atOnce, { content: { text } }, mailer);
      await ship(inSteps, { content: { text } }, other);
    }
    expect([atOnce.taken.length, atOnce.connections]).toEqual([90, 1]);
    expect(atOnce.taken).toEqual(inSteps.taken);
    await mailer.close();
    await other.close();
  });

  it.each([
    ['', '\r\n.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['a\r', 'a\r\n.\r\n'],
    ['a\n.\n', 'a\r\n..\r\n.\r\n'],
    ['a\r.b', 'a\r\n..b\r\n.\r\n'],
  ])('ends by a line of a dot alone, and has no other: %j', (text, data) => {
    expect(dataOf(Buffer.from(text))).toBe(data);
  });
});

describe('what comes of a message', () => {
  // Of a server that hangs up the library may not hear the last words.
  const replies: readonly string[] = [
    ...Array<string>(8).fill('250 2.0.0 fine'),
    '250-one\r\n250 two',
    '450 4.2.1 later',
    '550 5.1.1 no',
    '452 4.5.3 too many',
    '552 5.3.4 too big',
    '421 4.3.2 closing',
  ];

  it.each(Array.from({ length: 150 }, (_, seed) => seed + 1))(
    'is what comes of it by the library, seed %i',
    async (seed) => {
      const random = seededRandom(seed);
      const pick = () => replies[Math.floor(random.next() * replies.length)] as string;
      const [first, second, data] = [pick(), pick(), pick()];
      const steps: Partial<Record<Place, Step | ((line: string) => Step)>> = {
        MAIL: pick(),
        RCPT: (line) => (line.includes('no@') ? first : second),
        DATA: data.startsWith('25') ? '354 go on' : data,
        DOT: pick(),
      };
      const isLenient = random.next() < 0.3;
      const outcomes: string[] = [];
      for (const parts of [{}, HTML]) {
        await using server = await RawSmtp.start({ steps, isLenient });
        const shipped = await ship(server, { to: TWO, content: parts });
        const reply = shipped.outcome.kind === 'answered' ? '' : shipped.outcome.reply;
        outcomes.push(
          `${short(shipped)} (${reply}) taken: ${server.taken.filter(({ data: body }) => body.includes('Hello')).length}`,
        );
      }
      expect(outcomes[0]).toBe(outcomes[1]);
    },
  );
});

describe('a server that offers PIPELINING and does not keep it', () => {
  it.each<[string, RawSmtpOptions]>([
    ['forgets what came ahead', { isForgetful: true }],
    ['minds the sequence at RCPT', { steps: { RCPT: '503 5.5.0 improper pipelining' } }],
    ['minds the sequence at DATA', { steps: { DATA: '503 5.5.0 improper pipelining' } }],
  ])('and %s: the account is in doubt, not the message, and is spoken to in steps for an hour', async (_, options) => {
    await using server = await RawSmtp.start(options);
    const clock = new VirtualClock();
    const mailer = createMailer({ clock });
    const first = ship(server, {}, mailer);
    if (options.isForgetful === true) {
      await server.heardOf('MAIL');
      await clock.advance(28_000);
    }
    expect(short(await first)).toMatch(/^(server_timeout|protocol_error) transient account$/);
    server.options = options.isForgetful === true ? options : {};
    server.chunks.length = 0;
    expect(short(await ship(server, {}, mailer))).toBe('accepted 250');
    expect(server.chunks.filter((chunk) => chunk.startsWith('MAIL'))).toEqual(['MAIL FROM:<ann@mail.example.com>\r\n']);
    await mailer.close();
    server.options = {};
    await clock.advance(IN_STEPS_MS);
    server.chunks.length = 0;
    expect(short(await ship(server, {}, createMailer({ clock })))).toBe('accepted 250');
    expect(server.chunks.some((chunk) => /^MAIL.*DATA\r\n$/s.test(chunk))).toBe(true);
  });

  it('is not taken for one when it refuses the sender', async () => {
    await using server = await RawSmtp.start({ steps: { MAIL: '550 5.7.1 not you' } });
    const mailer = createMailer();
    expect(short(await ship(server, {}, mailer))).toBe('sender_refused permanent account');
    server.options = {};
    server.chunks.length = 0;
    await ship(server, {}, mailer);
    expect(server.chunks.some((chunk) => /^MAIL.*DATA\r\n$/s.test(chunk))).toBe(true);
    await mailer.close();
  });
});
