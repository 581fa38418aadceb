import { describe, expect, it } from 'vitest';
import { type MboxMail, mboxEntry, readMbox, separatorOf, separatorTime } from '../../../node/mailbox/mbox.ts';

const AT = Date.UTC(2026, 10, 8, 9, 5, 7);

async function* inPieces(octets: Buffer, size: number): AsyncIterable<Buffer> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

const read = (octets: Buffer, { size = 7, bytesMax = 1_000 } = {}): Promise<MboxMail[]> =>
  Array.fromAsync(readMbox(inPieces(octets, size), bytesMax));
const mail = (...lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\r\n`).join(''));

describe('a file of mails', () => {
  const hard = [
    mail('Subject: 1', '', 'From here on', '>From there', '>>From everywhere', '', 'From the end'),
    mail('Subject: 2', '', '', 'From x Sun Nov  8 09:05:07 2026', '', ''),
    Buffer.from([...Buffer.from('Subject: 3\r\n\r\n'), 0xff, 0x00, 0x80, ...Buffer.from('\rFrom x\r\n')]),
    mail('Subject: 4'),
    mail(''),
    mail('Subject: 6', '', 'a CR at its end\r', '\r', '\r\r', 'Words.', '\r'),
  ];

  it.each([1, 2, 7, 100_000])('gives back each as it was, read %d octets at a time', async (size) => {
    const entries = hard.map((octets) => mboxEntry({ separator: separatorOf('jane@y.com', AT), octets }));
    const mails = await read(Buffer.concat(entries), { size });
    expect(mails.map(({ octets }) => octets.toString('latin1'))).toEqual(
      hard.map((octets) => octets.toString('latin1')),
    );
    expect(new Set(mails.map(({ separator }) => separator))).toEqual(
      new Set(['From jane@y.com Sun Nov  8 09:05:07 2026']),
    );
  });

  it('of another program is read with either line end, and without an empty line at its end', async () => {
    const lines =
      'From a@y.com Sun Nov  8 09:05:07 2026\nSubject: 1\n\nWords.\n\nFrom b@y.com Sun Nov  8 09:05:07 2026\nSubject: 2\n\nWords.';
    const withCrlf = lines.replaceAll('\n', '\r\n');
    // Some write the separator in their way, and the mail as it came.
    for (const text of [lines, withCrlf, withCrlf.replaceAll(/^(From .*)\r$/gm, '$1')]) {
      const mails = await read(Buffer.from(text));
      expect(mails.map(({ octets }) => octets.toString())).toEqual([
        'Subject: 1\r\n\r\nWords.\r\n',
        'Subject: 2\r\n\r\nWords.',
      ]);
    }
  });

  it('without a mail has none', async () => {
    expect(await read(Buffer.from(''))).toEqual([]);
    expect(await read(Buffer.from('Subject: 1\n\nFrom nobody\n'))).toEqual([]);
  });

  it('tells of a mail that is too large, and goes on behind it', async () => {
    const entries = ['x'.repeat(2_000), 'Words.'].map((words) =>
      mboxEntry({ separator: separatorOf('', AT), octets: mail('Subject: 1', '', words) }),
    );
    const mails = await read(Buffer.concat(entries));
    expect(mails.map(({ isTooLarge, octets }) => [isTooLarge, octets.length > 0])).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});

describe('the line before a mail', () => {
  it.each([
    ['From jane@y.com Sun Nov  8 09:05:07 2026', AT],
    ['From 1815@xxx Sun Nov 08 10:05:07 +0100 2026', AT],
    ['From jane@y.com Sun Nov  8 09:05 2026', AT - 7_000],
    ['From - Sun Nov 08 09:05:07 UTC 2026', AT],
    ['From jane@y.com', undefined],
    ['From here on', undefined],
    ['From jane@y.com Sun Foo  8 09:05:07 2026', undefined],
  ])('%s', (separator, atMs) => {
    expect(separatorTime(separator)).toBe(atMs);
  });

  it('has one word for the sender, whatever that is', () => {
    expect(separatorOf('a b\n@x.com', AT)).toBe('From ab@x.com Sun Nov  8 09:05:07 2026');
    expect(separatorOf('', AT)).toMatch(/^From MAILER-DAEMON Sun/);
  });
});
