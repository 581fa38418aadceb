// Signatures without mailauth's streams are what they are with them, however a mail is made and comes in.
import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import nodemailer from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { type KnownKeys, signaturesOf } from '../../../../node/mailbox/intake/signatures.ts';

const SENDER = 'jane@x.com';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const recordOf = (key = publicKey) =>
  `v=DKIM1; k=rsa; p=${key.export({ type: 'spki', format: 'der' }).toString('base64')}`;
const ANSWER = [[recordOf()]];

const resolve = async (name: string) => {
  if (name === 's1._domainkey.x.com') return ANSWER;
  throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
};

async function signed(text: string): Promise<string> {
  const composer = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail({
    ...{ from: SENDER, to: 'a@y.com', subject: 'Hi', text, html: `<p>${text}</p>` },
    dkim: {
      ...{ domainName: 'x.com', keySelector: 's1' },
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  });
  return String(message);
}

const MAIL = await signed('Words,  and\tmore. \n\nLast line');
const MAILS: Readonly<Record<string, string>> = {
  'as it was signed': MAIL,
  'with another word': MAIL.replace('Words', 'Swords'),
  'with line feeds alone': MAIL.replaceAll('\r\n', '\n'),
  'with a line feed alone in its header': MAIL.replace('\r\n', '\n'),
  'whose header has an empty line before its end': MAIL.replace('Subject:', '\r\nSubject:'),
  'that begins with an empty line': `\r\n${MAIL}`,
  'signed by nobody who is known': MAIL.replaceAll('s=s1', 's=s2'),
  'that is cut in its header': MAIL.slice(0, MAIL.indexOf('Subject:') + 4),
  'that ends with its header': MAIL.slice(0, MAIL.indexOf('\r\n\r\n') + 4),
  'that has two From': `From: eve@z.com\r\n${MAIL}`,
  'without a signature': MAIL.slice(MAIL.indexOf('From:')),
};

/** What a verdict is made of. */
const told = ({ results, headerFrom, fromFields }: Awaited<ReturnType<typeof signaturesOf>>) => ({
  ...{ headerFrom, fromFields },
  results: results.map(({ status, ...rest }) => ({
    ...{ ...rest, id: rest.signature === undefined ? '' : rest.id },
    status: JSON.parse(JSON.stringify(status)),
  })),
});

function piecesOf(octets: Buffer, bytes: number): Buffer[] {
  const count = Math.ceil(octets.length / bytes);
  return Array.from({ length: count }, (_, at) => octets.subarray(at * bytes, (at + 1) * bytes));
}

describe.each(Object.keys(MAILS))('a mail %s', (name) => {
  it.each([1, 7, 100_000])('is judged as by streams, its body in pieces of %i octets', async (bytes) => {
    const raw = Buffer.from(MAILS[name] ?? '');
    const end = raw.indexOf('\r\n\r\n');
    const bodyAt = end === -1 ? raw.length : end + 4;
    const header = raw.subarray(0, bodyAt);
    const body = piecesOf(raw.subarray(bodyAt), bytes);
    const streamed = await dkimVerify(Readable.from([header, ...body]), { resolver: resolve, sender: SENDER });
    expect(
      told(await signaturesOf({ header, body, sender: SENDER }, { resolver: resolve, known: new WeakMap() })),
    ).toEqual(told(streamed as never));
  });
});

describe('the key of a signature', () => {
  const known: KnownKeys = new WeakMap();
  const resultBy = async (answer: string[][]) => {
    const raw = Buffer.from(MAIL);
    const bodyAt = raw.indexOf('\r\n\r\n') + 4;
    const mail = { header: raw.subarray(0, bodyAt), body: [raw.subarray(bodyAt)], sender: SENDER };
    return (await signaturesOf(mail, { resolver: async () => answer, known })).results[0]?.status.result;
  };

  it('is that of the answer, also after others', async () => {
    const other = [[recordOf(generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey)]];
    const results = [];
    for (const answer of [ANSWER, ANSWER, other, [['v=DKIM1; p=']], other, ANSWER])
      results.push(await resultBy(answer));
    expect(results).toEqual(
      ['pass', 'pass', 'fail', 'neutral', 'fail', 'pass'].map((result) =>
        expect.stringMatching(result === 'pass' ? /^pass$/ : /^(?!pass)/),
      ),
    );
  });

  it('is asked for once for all signatures of a mail', async () => {
    const signature = MAIL.slice(0, MAIL.indexOf('From:'));
    const raw = Buffer.from(signature.repeat(3) + MAIL);
    const bodyAt = raw.indexOf('\r\n\r\n') + 4;
    const asked: string[] = [];
    const { results } = await signaturesOf(
      { header: raw.subarray(0, bodyAt), body: [raw.subarray(bodyAt)], sender: SENDER },
      {
        known,
        resolver: async (name) => {
          asked.push(name);
          return ANSWER;
        },
      },
    );
    expect([results.length, asked]).toEqual([4, ['s1._domainkey.x.com']]);
  });
});
