// The parts of a mail: where their octets lie, however the mail is cut on its way; and mails that are made to hurt who takes them apart.
import { describe, expect, it } from 'vitest';
import { mailOf as lines, structureOf } from '../../../support/mail-structure.ts';

const LETTER = lines(
  'From: Jane <jane@x.com>',
  'Subject: a',
  ' folded line',
  'Content-Type: multipart/mixed; boundary="out"',
  '',
  'Preamble.',
  '--out',
  'Content-Type: multipart/alternative; boundary=in',
  '',
  '--in',
  'Content-Type: text/plain; charset=UTF-8; format=flowed; delsp=yes',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'caf=C3=A9 =',
  'au lait',
  '--in',
  'Content-Type: text/html',
  '',
  '<p>café</p>',
  '--in--',
  '--out',
  'Content-Type: application/pdf; name="=?utf-8?q?R=C3=A9sum=C3=A9?=.pdf"',
  'Content-Disposition: attachment',
  'Content-ID: <one@x>',
  'Content-Transfer-Encoding: base64',
  '',
  'QUJD',
  'RA==',
  '--out',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  '',
  'inner body',
  '--out--',
  'Epilogue.',
);

describe('the structure of a mail', () => {
  it('has each part with its number, its kind and the place of its octets', async () => {
    const { parts, headers, size, malformed, header } = await structureOf(LETTER);
    const octets = Buffer.from(LETTER);
    expect(malformed).toBeUndefined();
    expect(size).toBe(octets.length);
    expect(octets.subarray(header.length).toString()).toMatch(/^Preamble/);
    expect(headers[1]).toEqual({ name: 'Subject', value: 'a folded line' });
    expect(parts.map(({ number, contentType, size: decoded }) => [number, contentType, decoded])).toEqual([
      ['1.1', 'text/plain', 13],
      ['1.2', 'text/html', 12],
      ['2', 'application/pdf', 4],
      ['3', 'message/rfc822', 28],
    ]);
    expect(parts.map(({ start, end }) => octets.subarray(start, end).toString())).toEqual([
      'caf=C3=A9 =\r\nau lait',
      '<p>café</p>',
      'QUJD\r\nRA==',
      'Subject: inner\r\n\r\ninner body',
    ]);
    expect(parts[0]).toMatchObject({ charset: 'UTF-8', isFlowed: true, deletesSpace: true });
    expect(parts[0]?.octets?.toString()).toBe('café au lait');
    expect(parts[2]).toMatchObject({ filename: 'Résumé.pdf', disposition: 'attachment', contentId: 'one@x' });
    expect(parts[2]?.octets, 'of what nobody reads nothing is kept').toBeUndefined();
  });

  it.each([1, 2, 3, 7, 64, 1_000])('is the same for a mail that comes in pieces of %d octets', async (pieceBytes) => {
    expect(await structureOf(LETTER, pieceBytes)).toEqual(await structureOf(LETTER));
  });

  it('is that of one text for a mail of one part, with bare line feeds, NUL and octets beyond 7 bits', async () => {
    const raw = Buffer.from('Subject: x\nFrom: é@x\n\none\0\ntwo \xe9\n', 'latin1');
    const { parts, headers, malformed } = await structureOf(raw);
    expect(malformed).toBeUndefined();
    expect(headers.map(({ value }) => value)).toEqual(['x', 'é@x']);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toMatchObject({ number: '1', contentType: 'text/plain', encoding: 'identity', end: raw.length });
    expect(parts[0]?.octets?.equals(raw.subarray(raw.indexOf('one')))).toBe(true);
  });

  it('ends a part at the delimiter of a multipart further out', async () => {
    const raw = lines(
      ...[
        'Content-Type: multipart/mixed; boundary=o',
        '',
        '--o',
        'Content-Type: multipart/mixed; boundary=i',
        '',
        '--i',
      ],
      ...['', 'never closed', '--o', '', 'after it', '--o--'],
    );
    const { parts } = await structureOf(raw);
    expect(parts.map(({ number, octets }) => [number, octets?.toString()])).toEqual([
      ['1.1', 'never closed'],
      ['2', 'after it'],
    ]);
  });
});

describe('a mail that is not what it says', () => {
  it.each([
    ['has no header', 'just some words\r\nand more\r\n', /no header/],
    ['has one header of a megabyte', lines(`Subject: ${'x'.repeat(1_000_000)}`, '', 'hi'), /header size/],
    [
      'has 300,000 parts in 3 MB',
      `Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n\r\n'.repeat(300_000)}`,
      /child nodes/,
    ],
    [
      'has parts 60 deep',
      Array.from({ length: 60 }, (_, i) => lines(`Content-Type: multipart/mixed; boundary=b${i}`, '', `--b${i}`)).join(
        '',
      ),
      /more than 50 deep/,
    ],
    [
      'has a part whose header does not end',
      lines('Content-Type: multipart/mixed; boundary=b', '', '--b', 'X: y', '--b', '', 'two', '--b--'),
      /does not end/,
    ],
  ])('that %s is kept as one text', async (_, raw, reason) => {
    const { parts, malformed, size, header } = await structureOf(raw);
    expect(malformed).toMatch(reason);
    expect(size).toBe(raw.length);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toMatchObject({ contentType: 'text/plain', start: header.length, end: raw.length });
    expect(parts[0]?.octets?.toString()).toBe(
      raw.slice(header.length, header.length + (parts[0]?.octets?.length ?? 0)),
    );
  });

  it.each(['multipart/mixed', 'multipart/mixed; boundary=b'])(
    'and says %s without having parts shows what it holds',
    async (type) => {
      const { parts, malformed } = await structureOf(lines(`Content-Type: ${type}`, '', 'words'));
      expect(malformed).toMatch(/says that it has parts, and has none/);
      expect(parts.map(({ contentType, octets }) => [contentType, octets?.toString()])).toEqual([
        ['text/plain', 'words\r\n'],
      ]);
    },
  );
});

describe('a mail made to cost much', () => {
  it.each([
    ['a line of 8 MB', lines('From: a@x', '', 'x'.repeat(8_000_000))],
    ['a million empty lines', `From: a@x\n\n${'\n'.repeat(1_000_000)}`],
    ['2 MB of base64', lines('From: a@x', 'Content-Transfer-Encoding: base64', '', 'QUJD\r\n'.repeat(340_000))],
  ])('lets everything else take turns: %s', async (_, raw) => {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const { malformed } = await structureOf(raw);
    isOver = true;
    expect(malformed).toBeUndefined();
    expect(turns, 'turns of the event loop meanwhile').toBeGreaterThan(raw.length / 65_536);
  });

  it.each([
    ['a type of 30,000 parameters', `Content-Type: text/plain; ${'a*0*=b; '.repeat(30_000)}`],
    ['a name of 250,000 brackets', `Content-Type: text/plain; name="${'('.repeat(250_000)}`],
    ['a name of 17,000 encoded words', `Content-Type: text/plain; name="${'=?utf-8?q?a?= '.repeat(17_000)}"`],
    ['60,000 open quotes', `Content-Type: text/plain; ${'a="\\'.repeat(60_000)}`],
  ])('is read for what it is, and its values are cut: %s', async (_, field) => {
    const { parts, malformed } = await structureOf(lines('From: a@x', field, '', 'hi'));
    expect(malformed).toBeUndefined();
    expect(parts[0]?.octets?.toString()).toBe('hi\r\n');
    expect(parts[0]?.filename?.length ?? 0).toBeLessThanOrEqual(1_000);
  });
});
