// Transfer encodings: what a part decodes to, however it is cut.
import { describe, expect, it } from 'vitest';
import {
  type TransferEncoding,
  transferDecoder,
  transferEncodingOf,
} from '../../../../node/mailbox/text/transfer-decoder.ts';

function decoded(encoding: TransferEncoding, text: string, pieceBytes: number): string {
  const octets = Buffer.from(text, 'latin1');
  const decoder = transferDecoder(encoding);
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += pieceBytes)
    pieces.push(decoder.push(octets.subarray(at, at + pieceBytes)));
  return Buffer.concat([...pieces, decoder.end()]).toString('latin1');
}

describe('a transfer decoder', () => {
  it.each<[TransferEncoding, string, string]>([
    ['identity', 'as it \xe9 is\r\n', 'as it \xe9 is\r\n'],
    ['base64', 'QUJDREU=', 'ABCDE'],
    ['base64', 'QUJD\r\nREU=\r\n', 'ABCDE'],
    ['base64', 'QUJDRA==QUI=', 'ABCDAB'],
    ['base64', 'Q!U?J D', 'ABC'],
    ['base64', 'QUJDR', 'ABC'],
    ['base64', 'QUJDRE', 'ABCD'],
    ['base64', '====', ''],
    ['quoted-printable', 'caf=C3=A9', 'caf\xc3\xa9'],
    ['quoted-printable', 'lower =c3=a9', 'lower \xc3\xa9'],
    ['quoted-printable', 'one =\r\ntwo=\nthree', 'one twothree'],
    ['quoted-printable', 'soft= \t\r\nbreak', 'softbreak'],
    ['quoted-printable', 'trailing \t \r\nspace ', 'trailing\r\nspace '],
    ['quoted-printable', 'no code =ZZ, = nor =4', 'no code =ZZ, = nor =4'],
    ['quoted-printable', 'ends with =', 'ends with ='],
    ['quoted-printable', 'a=3D=\r\n=3Db', 'a==b'],
    ['quoted-printable', 'raw \xe9 octet', 'raw \xe9 octet'],
  ])('of %s makes of %j the text %j, whole or in pieces', (encoding, text, expected) => {
    for (const pieceBytes of [1, 2, 3, 5, 1_000]) expect(decoded(encoding, text, pieceBytes)).toBe(expected);
  });

  it('decodes what Node encodes', () => {
    const octets = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 256));
    const text = octets.toString('base64').replace(/.{76}/g, '$&\r\n');
    expect(decoded('base64', text, 61)).toBe(octets.toString('latin1'));
  });

  it.each([
    [' BASE64 ', 'base64'],
    ['Quoted-Printable', 'quoted-printable'],
    ['quoted-printable (as ever)', 'quoted-printable'],
    ['(of files) base64', 'base64'],
    ['base64;', 'base64'],
    ['"base64"', 'base64'],
    ['8bit', 'identity'],
    ['base64url', 'identity'],
    ['x-uuencode', 'identity'],
    ['', 'identity'],
  ])('of %j is that of %s', (name, encoding) => {
    expect(transferEncodingOf(name)).toBe(encoding);
  });
});
