// The mails of public test suites that this repository holds tell of nobody: what named a person was replaced, also where it was encoded.
import { describe, expect, it } from 'vitest';
import { maskedMails, type NamedMail, sampledMails } from '../../../scripts/chaos/mail-corpus.ts';
import { isMasked, knownWords, masked, NOBODYS, wordsOf } from '../../../scripts/chaos/masked-mail.ts';

const BASE64 = /(?:[A-Za-z0-9+/]{4,76}={0,2}[ \t]*\r?\n)*[A-Za-z0-9+/]{4,76}={0,2}[ \t]*(?=\r?\n|$)/g;
const ADDRESS = /[\w.+-]+@([\w-]+(?:\.[\w-]+)+)/g;

/** The mail, and whatever in it is base64. */
function textsOf({ raw }: NamedMail): readonly string[] {
  const blocks = raw.match(BASE64) ?? [];
  return [raw, ...blocks.map((block) => Buffer.from(block, 'base64').toString('latin1'))];
}

const realAddresses = (mails: readonly NamedMail[]) =>
  mails.flatMap((mail) =>
    textsOf(mail).flatMap((text) =>
      [...text.matchAll(ADDRESS)].flatMap(([address, domain = '']) =>
        NOBODYS.test(domain) ? [] : [`${mail.name}: ${address}`],
      ),
    ),
  );

describe('a sample of the corpus', () => {
  it('has only addresses of names that are nobody’s, in clear and encoded', () => {
    expect(realAddresses(sampledMails())).toEqual([]);
  });
});

describe('a masked mail', () => {
  const known = knownWords(sampledMails());

  it('has no address of somebody, and no word but those of mails that were looked through', () => {
    const mails = maskedMails();
    expect(mails.length).toBeGreaterThan(800);
    expect(realAddresses(mails)).toEqual([]);
    const words = new Set(mails.flatMap(({ raw }) => wordsOf(raw)));
    expect([...words].filter((word) => !isMasked(word, known))).toEqual([]);
  });

  it('keeps what it is made of, and nothing that it says', () => {
    const raw = [
      'Received: from mail.zanzibar.org (HELO mail.zanzibar.org) ([203.0.113.9]) by mx; Thu, 29 Apr 2010 09:00:00 +0900',
      'From: =?utf-8?B?WmFuemliYXI=?= <joe.zanzibar@mail.zanzibar.org>',
      'Content-Type: multipart/mixed; boundary="zanzi_qaro"',
      '',
      '--zanzi_qaro',
      'Content-Type: text/plain; charset=windows-1252',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Zanzibar=E9 =3D=\r\n1-800-555-1234, Qw\xf6rgu',
      '--zanzi_qaro--',
    ].join('\r\n');
    const mail = masked(raw, known, 'salt');
    for (const kept of [
      /^Received: from /,
      /\r\nFrom: =\?utf-8\?B\?[A-Za-z0-9]{11}=\?= </,
      /\r\nContent-Type: multipart\/mixed; boundary="([xz]{5}_[xz]{4})"\r\n\r\n--\1\r\n[\s\S]*\r\n--\1--$/,
      /\r\nContent-Type: text\/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n/,
      /=E9 =3D=\r\n7-777-777-7777, [XZ][xz]\xa4[xz]{3}\r\n/,
      /\(\[192\.0\.2\.\d+\]\)/,
    ])
      expect(mail).toMatch(kept);
    expect(mail).not.toMatch(/zanzibar|joe|WmFu|\.org|800|\xf6/i);
    expect(mail.split('\r\n').length).toBe(raw.split('\r\n').length);
  });
});
