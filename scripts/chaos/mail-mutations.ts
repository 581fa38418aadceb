// Mails that are broken: octets changed, pieces cut, said twice or put elsewhere, header fields swapped between
// mails, parts within parts. The same seed breaks them in the same way.
import type { Random } from '../../mesh/ports.ts';

const CHANGES_MAX = 8;
const PIECE_BYTES_MAX = 2_000;
const REPEATS_MAX = 40;
const NESTED_MAX = 60;

/** Pieces that parsers stumble over. */
const HOSTILE = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    '--',
    '=',
    '=?utf-8?b?',
    '\x1b$B',
    '\xff\xfe',
    '.\r\n',
    '\n.\n',
    '"',
    '(',
    '<',
    ';',
    ':',
  ],
  ...[
    '\r\n\r\n',
    '=\r\n',
    '=?x?q?=',
    '\xe2\x80\xae',
    '\xf0\x9f',
    '&#x110000;',
    '<!--',
    '<![CDATA[',
    '%00',
    '=00',
    '*0*=',
  ],
];
/** Header fields that say how the rest is to be read. */
const FIELDS = [
  ...['Content-Type: multipart/mixed; boundary=""', 'Content-Type: multipart/mixed; boundary=b; boundary=c'],
  ...['Content-Type: text/html; charset=utf-7', 'Content-Type: text/plain; charset*0=utf; charset*1=-8'],
  ...['Content-Type: message/rfc822', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b'],
  ...['Content-Type: text/plain; format=flowed; delsp=yes', 'Content-Type: application/json', 'Content-Type: ;;;='],
  ...[
    'Content-Transfer-Encoding: base64',
    'Content-Transfer-Encoding: quoted-printable',
    'Content-Transfer-Encoding: x',
  ],
  ...[
    "Content-Disposition: attachment; filename*=utf-8''%ff%00..%2f..%2fx",
    'Content-Disposition: inline; filename="a\\"b',
  ],
  ...[
    'Message-ID: <>',
    'Message-ID: <a@b> <c@d>',
    'In-Reply-To: <a@b',
    'References: <a@b>\r\n <c@d>\r\n\t(x)',
    'Date: 0',
  ],
  ...[
    'From: ',
    'From: a@x.com, b@y.com',
    'From: "\xff" <@>',
    'To: undisclosed recipients:;',
    'Subject: =?utf-8?b?/w==?=',
  ],
  ...['Auto-Submitted: auto-replied', 'List-Id: <x>', 'Received: from x', 'Delivered-To: support@agents.example.com'],
  ...['DKIM-Signature: v=1; a=rsa-sha256; d=y.com; s=s; h=from; bh=; b=', 'Authentication-Results: mac; dmarc=pass'],
  ...['X-Mesh-Loop: 1', 'Return-Path: <>', 'MIME-Version: 9.9'],
];

/** One of the mails with one to eight places changed. */
export function mutated(mails: readonly Buffer[], { next }: Pick<Random, 'next'>): Buffer {
  const below = (count: number) => Math.floor(next() * count);
  const some = <Item>(items: readonly Item[]) => items[below(items.length)] as Item;
  let mail = some(mails);
  for (let changes = 1 + below(CHANGES_MAX); changes > 0; changes -= 1) {
    const [from, to] = [below(mail.length), below(mail.length)].sort((one, other) => one - other) as [number, number];
    const piece = mail.subarray(from, Math.min(to, from + PIECE_BYTES_MAX));
    const hostile = Buffer.from(some(HOSTILE).repeat(1 + below(REPEATS_MAX)), 'latin1');
    const field = Buffer.from(`${some(FIELDS)}\r\n`, 'latin1');
    const ways: readonly (() => readonly Uint8Array[])[] = [
      () => [mail.subarray(0, from), hostile, mail.subarray(from)],
      () => [mail.subarray(0, from), mail.subarray(from + piece.length)],
      () => [mail.subarray(0, from), piece, piece, piece, mail.subarray(from)],
      () => [mail.subarray(0, from), Buffer.from([below(256)]), mail.subarray(from + 1)],
      () => [mail.subarray(from), Buffer.from('\r\n'), mail.subarray(0, from)],
      () => [field, mail],
      () => [mail.subarray(0, lineFrom(mail, from)), field, mail.subarray(lineFrom(mail, from))],
      () => [headOf(mail), some(mails)],
      () => [headOf(some(mails)), mail.subarray(headOf(mail).length)],
      () => nested(mail, 1 + below(NESTED_MAX)),
    ];
    mail = Buffer.concat(some(ways)());
  }
  return endedOf(mail);
}

/** A copy that is by somebody whose domain may answer for it, and a part of a talk. */
export function fromJane(mail: Buffer, talk: number): Buffer {
  const head = headOf(mail);
  const fields = head.toString('latin1').replaceAll(/^From:.*\r?\n(?:[ \t].*\r?\n)*/gim, '');
  const own = `From: Jane <jane@y.com>\r\nReferences: <talk-${talk}@y.com>\r\n`;
  return Buffer.concat([Buffer.from(own + fields, 'latin1'), mail.subarray(head.length)]);
}

function endedOf(mail: Buffer): Buffer {
  return mail.subarray(-2).equals(Buffer.from('\r\n')) ? mail : Buffer.concat([mail, Buffer.from('\r\n')]);
}

/** Where the line behind a place begins. */
function lineFrom(mail: Buffer, place: number): number {
  const end = mail.indexOf('\r\n', place);
  return end === -1 ? mail.length : end + 2;
}

/** The header, with the empty line behind it where there is one. */
function headOf(mail: Buffer): Buffer {
  const end = mail.indexOf('\r\n\r\n');
  return end === -1 ? mail : mail.subarray(0, end + 4);
}

function nested(mail: Buffer, depth: number): readonly Uint8Array[] {
  const opened = Array.from({ length: depth }, (_, level) =>
    level % 2 === 0
      ? `Content-Type: multipart/mixed; boundary=${level}\r\n\r\n--${level}\r\n`
      : 'Content-Type: message/rfc822\r\n\r\n',
  );
  return [Buffer.from(opened.join('')), mail];
}
