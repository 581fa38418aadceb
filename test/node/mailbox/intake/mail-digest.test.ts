// Which mails are the same mail.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BodyHash, mailDigest } from '../../../../node/mailbox/intake/mail-digest.ts';
import { mailOf, structureOf } from '../../../support/mail-structure.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function bodyDigest(raw: string, pieceBytes = 1_000): string {
  const hash = new BodyHash();
  for (let at = 0; at < raw.length; at += pieceBytes) hash.push(Buffer.from(raw.slice(at, at + pieceBytes), 'latin1'));
  return hash.digest();
}

const digestOf = async (raw: string) => mailDigest((await structureOf(raw)).headers, bodyDigest(raw));

describe('the hash of a body', () => {
  it.each([
    ['A: b\r\n\r\nbody\r\n', 'body\r\n'],
    ['A: b\n\nbody', 'body'],
    ['\r\nbody', 'body'],
    ['A: b\r\n\r\n', ''],
    ['A: b\r\n', ''],
    ['A: b\r\n\r\n\r\nbody', '\r\nbody'],
  ])('of %j is that of %j, however it comes', (raw, body) => {
    for (const pieceBytes of [1, 2, 3, 100]) expect(bodyDigest(raw, pieceBytes)).toBe(sha256(body));
  });
});

describe('the digest of a mail', () => {
  const fields = ['Message-ID: <1@x>', 'From: jane@x', 'Date: Tue, 3 May 2022 10:00:00 +0000'];
  const mail = mailOf(...fields, 'Subject: x', '', 'body');

  it('is the same whatever way the mail took', async () => {
    const other = mailOf('Received: by elsewhere', ...fields, 'Subject: x', 'X-Spam-Flag: NO', '', 'body');
    expect(await digestOf(other)).toBe(await digestOf(mail));
    expect(await digestOf(mail)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['Message-ID', mailOf('Message-ID: <2@x>', ...fields.slice(1), '', 'body')],
    ['no Message-ID', mailOf(...fields.slice(1), '', 'body')],
    ['From', mailOf(fields[0] ?? '', 'From: joe@x', fields[2] ?? '', '', 'body')],
    ['Date', mailOf(...fields.slice(0, 2), 'Date: today', '', 'body')],
    ['body', mailOf(...fields, '', 'other body')],
  ])('is another with another %s', async (_, other) => {
    expect(await digestOf(other)).not.toBe(await digestOf(mail));
  });
});
