// Mails that somebody made to do harm, or that a broken program made: each of them has a name, octets, and how its mail server is answered.
import { deflateRawSync } from 'node:zlib';

export interface MailBomb {
  readonly name: string;
  /** Its Message-ID, where it has one. */
  readonly messageId?: string;
  readonly raw: Buffer;
}

const MIB = 1024 * 1024;

/** Small enough for one SMTP session each, 25 MiB at most. From jane@y.com, each with a Message-ID but where it is said. */
export function mailBombs(): readonly MailBomb[] {
  return [
    ...structures(),
    ...headers(),
    ...bodies(),
    { name: 'no header at all', raw: Buffer.from('just words\r\n') },
    { name: 'nothing at all', raw: Buffer.from('\r\n') },
  ];
}

function structures(): readonly MailBomb[] {
  const mixed = 'Content-Type: multipart/mixed; boundary=b';
  const nested = Array.from({ length: 60 }, (_, depth) =>
    [`--${depth}`, `Content-Type: multipart/mixed; boundary=${depth + 1}`, '', ''].join('\r\n'),
  ).join('');
  return [
    bomb('300,000 parts in 3 MB', [mixed], '--b\r\n\r\n\r\n'.repeat(300_000)),
    bomb('1,000 files with long names', [mixed], manyFiles(990)),
    bomb('60 levels', ['Content-Type: multipart/mixed; boundary=0'], nested),
    bomb('a boundary that is nearly there', [mixed], `${'--'.repeat(200_000)}\r\n`.repeat(8)),
    bomb('a zip in a report', ['Content-Type: multipart/report; report-type=delivery-status; boundary=b'], zipped()),
    bomb(
      'a mail in a mail in a mail',
      ['Content-Type: message/rfc822'],
      'Content-Type: message/rfc822\r\n\r\n'.repeat(50_000),
    ),
  ];
}

function headers(): readonly MailBomb[] {
  const folded = (name: string, text: string, mib: number) =>
    `${name}: ${`${text}\r\n `.repeat(Math.ceil((mib * MIB) / (text.length + 3)))}x`;
  return [
    bomb('a header of 5 MB', [folded('X-Long', 'y'.repeat(900), 5)], 'Words.\r\n'),
    bomb('a header line of 3 MB', [`Subject: ${'s'.repeat(3 * MIB)}`], 'Words.\r\n'),
    bomb('15,000 header fields', [Array.from({ length: 15_000 }, (_, n) => `X-${n}: y`).join('\r\n')], 'Words.\r\n'),
    bomb('encoded words without end', [`Subject: ${'=?utf-8?q?=41?= '.repeat(15_000)}`], 'Words.\r\n'),
    bomb('a name of brackets', [`To: ${'('.repeat(100_000)}${'<'.repeat(50_000)}`], 'Words.\r\n'),
    bomb(
      '9,000 recipients',
      [`Cc: ${Array.from({ length: 9_000 }, (_, n) => `r${n}@y.com`).join(',\r\n ')}`],
      'Words.\r\n',
    ),
    bomb(
      '9,000 references',
      [`References: ${Array.from({ length: 9_000 }, (_, n) => `<${n}@y.com>`).join('\r\n ')}`],
      'Words.\r\n',
    ),
    bomb('100 signatures', [Array.from({ length: 100 }, (_, n) => signature(n)).join('\r\n')], 'Words.\r\n'),
  ];
}

function bodies(): readonly MailBomb[] {
  const html = 'Content-Type: text/html; charset=utf-8';
  return [
    bomb('8 bits where 7 were said', ['Content-Transfer-Encoding: 7bit'], Buffer.from('Gr\xfc\xdfe\r\n', 'latin1')),
    bomb('NUL', [], Buffer.from('one\0two\0\r\n')),
    bomb('bare line feeds', [], 'one\n.\ntwo\n..\nthree\r\n'),
    bomb('bare carriage returns', [], 'one\rtwo\r\r\r\n'),
    bomb('an endless line', [], `${'x'.repeat(20 * MIB)}\r\n`),
    bomb('lines of one dot', [], '.\r\n'.repeat(50_000)),
    bomb('6 million empty lines', [], '\r\n'.repeat(6_000_000)),
    bomb('HTML 100,000 levels deep', [html], `${'<div>'.repeat(100_000)}words`),
    bomb('HTML of open tags', [html], '<a <b <c '.repeat(220_000)),
    bomb('HTML of entities', [html], '&amp;&#x41;&'.repeat(170_000)),
    bomb('a quote without end', [], '> > > > > > > >\r\n'.repeat(120_000)),
    bomb('JSON of brackets', ['Content-Type: application/json'], '['.repeat(2 * MIB - 1)),
    bomb('JSON that is deep', ['Content-Type: application/json'], `${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    bomb('JSON of 2 MB that parses', ['Content-Type: application/json'], `[${'[],'.repeat(600_000)}[]]`),
    bomb('words of 2 MB', [], 'word and word\r\n'.repeat(140_000)),
    bomb('control characters', [], '\x01'.repeat(2 * MIB)),
    bomb('a charset that is none', ['Content-Type: text/plain; charset=no-such'], 'Words.\r\n'),
    bomb('base64 of nothing', ['Content-Transfer-Encoding: base64'], '=\r\n'.repeat(500_000)),
  ];
}

function bomb(name: string, fields: readonly string[], body: string | Buffer): MailBomb {
  const messageId = `<${name.toLowerCase().replace(/\W+/g, '-')}@y.com>`;
  const head = [`Message-ID: ${messageId}`, 'From: jane@y.com', ...fields, '', ''].join('\r\n');
  return { name, messageId, raw: Buffer.concat([Buffer.from(head), Buffer.from(body as string), Buffer.from('\r\n')]) };
}

function manyFiles(count: number): string {
  const name = 'n'.repeat(200);
  const file = (n: number) =>
    ['--b', `Content-Disposition: attachment; filename="${name}${n}.txt"`, '', 'x', ''].join('\r\n');
  return Array.from({ length: count }, (_, n) => file(n)).join('');
}

/** 20 MiB of zeroes in some kilobytes, as a report that nobody should unpack. */
function zipped(): string {
  const packed = deflateRawSync(Buffer.alloc(20 * MIB))
    .toString('base64')
    .replace(/.{76}/g, '$&\r\n');
  return [
    '--b\r\nContent-Type: text/plain\r\n\r\nYour mail was not delivered.\r\n--b',
    'Content-Type: application/zip; name=report.zip\r\nContent-Transfer-Encoding: base64\r\n',
    packed,
    '--b--\r\n',
  ].join('\r\n');
}

function signature(n: number): string {
  return `DKIM-Signature: v=1; a=rsa-sha256; d=y.com; s=s${n}; h=from; bh=AAAA; b=AAAA`;
}
