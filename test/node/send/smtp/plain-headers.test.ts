// A plain message is written without the composer, octet for octet as the composer writes it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import MimeNode from 'nodemailer/lib/mime-node';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../../mesh/address/parse.ts';
import type { Mailbox, MessageContent } from '../../../../node/send/message.ts';
import { compose, envelopeAddress } from '../../../../node/send/smtp/composer.ts';
import { isPlainAddress, plainHeaders } from '../../../../node/send/smtp/plain-headers.ts';
import { content } from '../../../support/mail.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const DATE = '2026-01-27T12:00:00.000Z';

/** Every text of the corpora, whatever it is there. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.entries(value).flat().flatMap(textsOf) : [];
}

const CORPUS = [
  ...new Set(
    ['isemail-tests', 'python-email-validator', 'skeggse-isemail'].flatMap((name) =>
      textsOf(JSON.parse(readFileSync(join(import.meta.dirname, '../../../data', `${name}.json`), 'utf8'))),
    ),
  ),
];
/** On the edge of what is plain. */
const ODD = [
  'a'.repeat(64),
  'a'.repeat(65),
  'x--y',
  'xn--bcher-kva',
  'A',
  '-',
  '.',
  '..',
  '@',
  '"',
  '=?',
  '=?utf-8?Q?a?=',
  ' ',
  '  ',
  '\t',
  ',',
  ';',
  ':',
  '(c)',
  '<',
  '>',
  '\\',
  '_',
  '1',
  '127.0.0.1',
  '[192.0.2.1]',
  'é',
  'word ',
  'x'.repeat(80),
  `${'word '.repeat(30)}`,
];

function wireOf(message: MessageContent): string {
  const composed = compose(message, { date: DATE, open: () => Readable.from([]) });
  return 'bytes' in composed ? composed.bytes.toString('latin1') : 'a stream';
}

/** A header of the caller makes it the composer's; that line is taken out again. */
function wireByComposer(message: MessageContent): string {
  const wire = wireOf({ ...message, headers: [['X-Note', 'composed']] });
  expect(wire).toContain('\r\nX-Note: composed\r\n');
  return wire.replace('\r\nX-Note: composed', '');
}

describe('a header that is written at once', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))('is the composer’s, seed %i', (seed) => {
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random.next() * count);
    const one = <T>(from: readonly T[]): T => from[below(from.length)] as T;
    // Mostly plain, so that most of them are written at once, and something odd now and then.
    const odd = (plain: string) => (below(40) === 0 ? plain + one(ODD) : plain);
    const words = (most: number) =>
      Array.from({ length: 1 + below(most) }, () => one(['Hello', 'a', 'to-day', 'x_1', "it's", '50%', 'word,'])).join(
        ' ',
      );
    const mailbox = (): Mailbox => ({
      name: odd(one(['', 'Ann', 'Ann Bot_1', '  x ', ' '])),
      address: odd(`${one(['ann', 'a.b', "o'hara+x", 'a_1'])}@${one(['mail', 'a-b', '3com'])}${odd('')}.example.com`),
    });
    const mailboxes = (most: number) => Array.from({ length: below(most + 1) }, mailbox);
    const id = () => `<${odd('1-2.x')}@${odd('x')}.example.com>`;
    let written = 0;
    for (let count = 0; count < 50; count += 1) {
      const message = content({
        from: mailbox(),
        to: mailboxes(12),
        cc: mailboxes(3),
        replyTo: mailboxes(2),
        subject: odd(words(30)),
        messageId: id(),
        references: Array.from({ length: below(8) }, id),
        text: one(['', 'Hi', 'Hi\r\n', `${'x'.repeat(200)}\r\n.\r\n`, 'Grüße', 'x'.repeat(1_000)]),
        ...(below(2) === 0 ? { inReplyTo: id() } : {}),
      });
      if (![message.from, ...message.to, ...message.cc, ...message.replyTo].every(isAddress)) continue;
      if (plainHeaders(message, DATE, '7bit') !== undefined) written += 1;
      expect(wireOf(message)).toBe(wireByComposer(message));
    }
    expect(written).toBeGreaterThan(5);
  });

  it('is what the library’s own node writes', () => {
    const message = content({
      inReplyTo: '<0@x.example.com>',
      references: ['<0@x.example.com>', '<00@x.example.com>'],
    });
    const node = new MimeNode('text/plain; charset=utf-8');
    node.setHeader([
      { key: 'From', value: [message.from] },
      { key: 'To', value: [...message.to] },
      { key: 'Subject', value: message.subject },
      { key: 'Message-ID', value: message.messageId },
      { key: 'Date', value: 'Tue, 27 Jan 2026 12:00:00 +0000' },
      { key: 'In-Reply-To', value: '<0@x.example.com>' },
      { key: 'References', value: '<0@x.example.com> <00@x.example.com>' },
      { key: 'Content-Transfer-Encoding', value: '7bit' },
    ] as never);
    expect(wireOf(message)).toBe(`${node.buildHeaders()}\r\n\r\nHello, Bob.\r\n`);
  });

  it('has every subject and name of the corpora as the composer has it', () => {
    for (const text of [...CORPUS, ...ODD].filter((one) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(one))) {
      const named = content({ subject: text, from: { name: text, address: 'ann@mail.example.com' } });
      expect(wireOf(named)).toBe(wireByComposer(named));
    }
  });

  it('has every address of the corpora as the composer has it', () => {
    const addresses = CORPUS.map((address) => ({ name: '', address })).filter(isAddress);
    expect(addresses.length).toBeGreaterThan(100);
    for (const mailbox of addresses) {
      const message = content({ from: mailbox, to: [mailbox, { ...mailbox, name: 'Bob' }] });
      expect(wireOf(message)).toBe(wireByComposer(message));
    }
  });
});

describe('an address that is taken as it is', () => {
  it('is parsed to itself, of the corpora and of pieces of them', () => {
    const random = seededRandom(1);
    const locals = CORPUS.map((text) => text.split('@')[0] ?? '');
    const domains = CORPUS.map((text) => text.split('@').at(-1) ?? '');
    const pick = (from: readonly string[]) => from[Math.floor(random.next() * from.length)] ?? '';
    const mixed = Array.from({ length: 20_000 }, () => `${pick(locals)}@${pick(domains)}`);
    const built = Array.from(
      { length: 20_000 },
      () => `${pick(['a', 'a.b'])}${pick(ODD)}@${pick(ODD)}${pick(['a', '1', ''])}.${pick(['com', 'x1', '1'])}`,
    );
    let plain = 0;
    for (const address of [...CORPUS, ...mixed, ...built]) {
      if (!isPlainAddress(address)) continue;
      plain += 1;
      expect([address, parsed(address)]).toEqual([address, { valid: true, ascii: address, normalized: address }]);
      expect(envelopeAddress(address)).toEqual({ address, smtputf8: false });
    }
    expect(plain).toBeGreaterThan(1_000);
  });
});

function parsed(address: string) {
  const { valid, ...rest } = parseAddress(address, {
    allowQuotedLocal: true,
    globallyDeliverable: false,
    allowSingleLabel: true,
    allowDomainLiteral: true,
  });
  return 'normalized' in rest ? { valid, ascii: rest.asciiEmail, normalized: rest.normalized } : { valid };
}

function isAddress({ address }: Mailbox): boolean {
  return parsed(address).valid;
}
