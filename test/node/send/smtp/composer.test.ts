// The bytes of a message: the short way for plain text must say what the composer's own way says, and no text a caller gives may
// become a line of its own.
import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import PostalMime, { decodeWords } from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../node/secret.ts';
import type { DkimKey } from '../../../../node/send/account.ts';
import { HEADER_VALUE_CHARACTERS_MAX } from '../../../../node/send/limits.ts';
import type { MessageContent } from '../../../../node/send/message.ts';
import { compose, envelopeAddress } from '../../../../node/send/smtp/composer.ts';
import security from '../../../data/send-security.json' with { type: 'json' };
import { content } from '../../../support/mail.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

async function bytesOf(message: MessageContent, dkim?: DkimKey): Promise<Buffer> {
  const open = ({ filename }: { readonly filename: string }) => Readable.from([Buffer.from(`<${filename}>`)]);
  const composed = compose(message, { date: '2026-01-27T12:00:00.000Z', open, dkim });
  return 'bytes' in composed ? composed.bytes : await buffer(composed.stream);
}

/** A payload makes the composer take its long way; it is taken out of what is compared. */
async function parsed(message: MessageContent, byTheLongWay: boolean) {
  const bytes = await bytesOf(byTheLongWay ? { ...message, html: '<p>x</p>' } : message);
  const { from, to, cc, replyTo, subject, messageId, date, inReplyTo, references, text } =
    await PostalMime.parse(bytes);
  return {
    from,
    to,
    cc,
    replyTo,
    subject,
    messageId,
    date,
    inReplyTo,
    references,
    text: (text ?? '').replace(/\r?\n/g, '\n').trimEnd(),
  };
}

const PIECES = [
  'word ',
  'Grüße ',
  '日本語',
  ' \r\n',
  '\r\n',
  '.\r\n',
  '..',
  '=',
  'x'.repeat(200),
  '\t',
  'From ',
  '😀',
  '-- \r\n',
  '?=',
];

describe('long text', () => {
  const LONG = `Grüße, 日本語 = 😀 \t\r\n.\r\n${'x'.repeat(2_000)}`.repeat(500);

  it.each([
    ['text', { text: LONG }],
    ['html', { html: LONG }],
    ['payload', { payload: { text: LONG } }],
  ] as const)('is composed in turns, and says the same: %s', async (_, part) => {
    let turns = 0;
    const counting = { isDone: false };
    const others = (async () => {
      for (; !counting.isDone; turns += 1) await nextTurn();
    })();
    const bytes = await bytesOf(content(part));
    counting.isDone = true;
    await others;
    expect(turns).toBeGreaterThan(20);
    const { text, html, attachments } = await PostalMime.parse(bytes);
    const lines = (said: string | undefined) => said?.replace(/\r?\n/g, '\n').trimEnd();
    const json = attachments[0]?.content as ArrayBuffer | undefined;
    if ('text' in part) expect(lines(text)).toBe(lines(LONG));
    else if ('html' in part) expect(lines(html)).toBe(lines(LONG));
    else expect(JSON.parse(new TextDecoder().decode(json))).toEqual(part.payload);
  });
});

describe('plain text composed the short way', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))('says what the composer says, seed %i', async (seed) => {
    const random = seededRandom(seed);
    const text = (length: number) =>
      Array.from({ length }, () => PIECES[Math.floor(random.next() * PIECES.length)]).join('');
    const message = content({
      text: text(Math.floor(random.next() * 40)),
      subject:
        text(3)
          .replace(/[\r\n\t]/g, ' ')
          .trim() || 'x',
      from: {
        name: text(2)
          .replace(/[\r\n\t]/g, ' ')
          .trim(),
        address: 'ann@mail.example.com',
      },
      cc: random.next() < 0.5 ? [{ name: 'Dörte, "D"', address: 'd@bücher.example.com' }] : [],
      references: random.next() < 0.5 ? ['<1@x.example.com>', '<2@x.example.com>'] : [],
    });
    expect(await parsed(message, false)).toEqual(await parsed(message, true));
  });
});

describe('a message on the wire', () => {
  it.each([false, true])('has whole lines of at most 998 octets, with parts: %s', async (hasParts) => {
    const text = `${'ä'.repeat(3_000)}\r\n${'x'.repeat(3_000)}\r\n.\r\n`;
    const parts = hasParts
      ? { html: text, payload: { text }, attachments: [{ filename: 'a.bin', blob: 'x', bytes: 1 }] }
      : {};
    const wire = (await bytesOf(content({ text, ...parts }))).toString('latin1');
    expect(wire).not.toMatch(/[^\r]\n|\r[^\n]/);
    expect(Math.max(...wire.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
  });

  it('has such lines also of the longest header text that is taken', async () => {
    const id = `<${'a'.repeat(HEADER_VALUE_CHARACTERS_MAX - 8)}@x.com>`;
    const longest = { inReplyTo: id, references: [id, id], subject: 'x'.repeat(HEADER_VALUE_CHARACTERS_MAX) };
    const headers = [['X-Note', 'y'.repeat(HEADER_VALUE_CHARACTERS_MAX)]] as const;
    const wire = (await bytesOf(content({ ...longest, headers }))).toString('latin1');
    expect(Math.max(...wire.split('\r\n').map((line) => line.length))).toBe(998);
  });

  it('names nobody of the Bcc', async () => {
    const wire = (await bytesOf(content({ bcc: [{ name: 'Eve', address: 'eve@mail.example.com' }] }))).toString();
    expect(wire).not.toMatch(/eve|bcc/i);
  });

  it.each(security.smuggling_sequences)('has no end of message in a body of %j', async (sequence) => {
    // As the request door hands it on: line ends are CRLF, and NUL is refused there.
    const text = `a${sequence}${security.smuggled_tail}`.replaceAll('\0', '').replace(/\r\n|\r|\n/g, '\r\n');
    const wire = (await bytesOf(content({ text }))).toString('latin1');
    expect(wire).not.toMatch(/[^\r]\n|\r[^\n]/);
    const headers =
      wire
        .split('\r\n\r\n')[0]
        ?.split('\r\n')
        .filter((line) => /^[A-Za-z-]+:/.test(line)) ?? [];
    expect(headers.map((line) => line.split(':')[0])).toEqual([
      'From',
      'To',
      'Subject',
      'Message-ID',
      'Date',
      'Content-Transfer-Encoding',
      'MIME-Version',
      'Content-Type',
    ]);
  });

  it.each([
    '=?utf-8?Q?paid=0D=0ABcc:_x?=',
    'a =?utf-8?B?eA==?= b',
    'x=?utf-8?q?a b?=',
    `=?utf-8?Q?${'a'.repeat(90)}?=`,
  ])('has text that looks encoded as it was given: %s', async (text) => {
    const attachments = [{ filename: `${text}.pdf`, blob: 'x', bytes: 1 }];
    const headers = [
      ['X-Note', text],
      ['Comments', text],
    ] as const;
    const named = { subject: text, headers, from: { name: text, address: 'ann@mail.example.com' } };
    for (const message of [content(named), content({ ...named, attachments })]) {
      const wire = await bytesOf(message);
      const mail = await PostalMime.parse(wire);
      const header = (name: string) => mail.headers.find(({ key }) => key === name)?.value;
      expect([mail.subject, mail.from?.name]).toEqual([text, text]);
      expect([header('x-note'), header('comments')].map((value) => decodeWords(value ?? ''))).toEqual([text, text]);
      // Nowhere as it is, not even in a quoted string or the name of a file: readers are lenient there too.
      expect(wire.toString('latin1').replace(/\r\n /g, '')).not.toContain(text.slice(0, 40).replaceAll(' ', ''));
      expect(wire.toString('latin1').replace(/\r\n /g, ' ')).not.toContain(text.slice(0, 40));
    }
  });

  it('carries JSON for a program beside text for people, and says that nobody need answer', async () => {
    const mail = await PostalMime.parse(await bytesOf(content({ payload: { a: [1, 'ä'] } })));
    const [part] = mail.attachments;
    expect([part?.mimeType, JSON.parse(Buffer.from(part?.content as ArrayBuffer).toString())]).toEqual([
      'application/json',
      { a: [1, 'ä'] },
    ]);
    expect(mail.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
    expect(mail.text?.trim()).toBe('Hello, Bob.');
  });

  it('has a mail or a multipart as an attachment like any other, its octets untouched', async () => {
    for (const filename of ['a.eml', 'b.mht']) {
      const mail = await PostalMime.parse(await bytesOf(content({ attachments: [{ filename, blob: 'x', bytes: 1 }] })));
      expect(mail.attachments).toMatchObject([{ filename, mimeType: 'application/octet-stream' }]);
    }
  });

  it('has its attachments with their names', async () => {
    const attachments = [{ filename: 'Übersicht "1".pdf', blob: 'x', bytes: 1 }];
    const mail = await PostalMime.parse(await bytesOf(content({ attachments })));
    const [part] = mail.attachments;
    expect([part?.filename, part?.mimeType, Buffer.from(part?.content as ArrayBuffer).toString()]).toEqual([
      'Übersicht "1".pdf',
      'application/pdf',
      '<Übersicht "1".pdf>',
    ]);
  });
});

describe('an address in an envelope', () => {
  it.each([
    ['ann@mail.example.com', 'ann@mail.example.com', false],
    ['ann@bücher.example.com', 'ann@xn--bcher-kva.example.com', false],
    ['änn@bücher.example.com', 'änn@bücher.example.com', true],
    ['"a b"@mail.example.com', '"a b"@mail.example.com', false],
    ['bot@[192.0.2.1]', 'bot@[192.0.2.1]', false],
    ['bot@[IPv6:2001:db8::1]', 'bot@[IPv6:2001:db8::1]', false],
  ])('%s is %s', (address, expected, smtputf8) =>
    expect(envelopeAddress(address)).toEqual({ address: expected, smtputf8 }),
  );
});

describe('a DKIM signature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const dkim: DkimKey = { domain: 'mail.example.com', selector: 's1', privateKey: key };

  it.each([false, true])('verifies by RFC 6376 alone, with parts: %s', async (hasParts) => {
    const wire = (await bytesOf(content(hasParts ? { payload: { a: 1 } } : {}), dkim)).toString('latin1');
    expect(verifyDkim(wire, publicKey)).toBe(true);
    expect(verifyDkim(wire.replace('Subject: Hello', 'Subject: hello'), publicKey)).toBe(false);
  });

  it('speaks of both headers by which somebody unsubscribes, as RFC 8058 wants it', async () => {
    const headers = [
      ['List-Unsubscribe', '<https://x.com/u>'],
      ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
    ] as const;
    const wire = (await bytesOf(content({ headers }), dkim)).toString('latin1');
    expect(verifyDkim(wire, publicKey)).toBe(true);
    for (const [name] of headers) expect(verifyDkim(wire.replace(`${name}: `, `${name}: x`), publicKey)).toBe(false);
  });
});

/** relaxed/relaxed with rsa-sha256, by RFC 6376 §3.4, §3.7. */
function verifyDkim(wire: string, publicKey: KeyObject): boolean {
  const split = wire.indexOf('\r\n\r\n');
  const fields = wire
    .slice(0, split)
    .replace(/\r\n(?=[ \t])/g, '\u0000')
    .split('\r\n')
    .map((line) => line.replaceAll('\u0000', '\r\n'));
  const relaxed = (field: string) => {
    const colon = field.indexOf(':');
    const value = field
      .slice(colon + 1)
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
      .trim();
    return `${field.slice(0, colon).trim().toLowerCase()}:${value}`;
  };
  const signature = fields.find((field) => /^dkim-signature:/i.test(field)) ?? '';
  const tags = Object.fromEntries(
    signature
      .slice(signature.indexOf(':') + 1)
      .replace(/\s+/g, '')
      .split(';')
      .filter(Boolean)
      .map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1)]),
  );
  const body = wire
    .slice(split + 4)
    .replace(/[ \t]+/g, ' ')
    .replace(/ \r\n/g, '\r\n')
    .replace(/(?:\r\n)*$/, '\r\n');
  const isBodyRight = createHash('sha256').update(body, 'latin1').digest('base64') === tags.bh;
  const left = [...fields];
  const signed = (tags.h ?? '').split(':').flatMap((name) => {
    const at = left.findLastIndex((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    return at === -1 ? [] : left.splice(at, 1).map(relaxed);
  });
  const unsigned = relaxed(signature.replace(/\bb=[^;]*/, 'b='));
  const data = Buffer.from([...signed, unsigned].join('\r\n'), 'latin1');
  return isBodyRight && verify('sha256', data, publicKey, Buffer.from(tags.b ?? '', 'base64'));
}
