// Whether a mail is from whom it says: real signatures, and a DNS that the test writes.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { dmarc } from 'mailauth/lib/dmarc/index.js';
import nodemailer from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { type Resolve, verdictOn } from '../../../../node/mailbox/intake/verdict.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const published = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const DKIM = { 's1._domainkey.x.com TXT': [[`v=DKIM1; k=rsa; p=${published}`]] };
const SPF = { 'x.com TXT': [['v=spf1 ip4:192.0.2.1 -all']] };
const DMARC = { '_dmarc.x.com TXT': [['v=DMARC1; p=reject']] };

type Zone = Readonly<Record<string, string[][] | 'silent' | 'failing'>>;

function resolverOf(zone: Zone, asked: string[] = []): Resolve {
  return async (name, type) => {
    asked.push(`${name} ${type}`);
    const answer = zone[`${name} ${type}`];
    if (answer === 'silent') return new Promise(() => undefined);
    if (answer === undefined) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    if (answer === 'failing') throw Object.assign(new Error('failed'), { code: 'ESERVFAIL' });
    return answer;
  };
}

async function signedMail(from = 'jane@x.com'): Promise<Buffer> {
  const composer = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { message } = await composer.sendMail({
    ...{ from, to: 'a@y.com', subject: 'Hi', text: 'Words.\n' },
    dkim: { domainName: 'x.com', keySelector: 's1', privateKey: key },
  });
  return message as Buffer;
}

const PLAIN = Buffer.from('From: jane@x.com\r\nSubject: Hi\r\n\r\nWords.\r\n');

async function verdict(
  raw: Buffer,
  zone: Zone,
  more: { ip?: string; mailFrom?: string; asked?: string[]; clock?: VirtualClock } = {},
) {
  const bodyStart = raw.indexOf('\r\n\r\n') + 4;
  const { mailFrom = 'jane@x.com', ip, asked, clock = new VirtualClock() } = more;
  return verdictOn(
    { header: raw.subarray(0, bodyStart), body: () => [raw.subarray(bodyStart)], mailFrom, ip, helo: 'mx.x.com' },
    { resolve: resolverOf(zone, asked), clock, hostId: 'mac' },
  );
}

describe('the verdict on a mail', () => {
  it('is that it is authentic by its signature', async () => {
    expect(await verdict(await signedMail(), { ...DKIM, ...DMARC })).toEqual({
      authentication: { spf: 'none', dkim: 'pass', dmarc: 'pass' },
      ...{ isAuthenticated: true, isTemporary: false, fromDomain: 'x.com' },
    });
  });

  it('takes no look at what follows a header without a signature', async () => {
    const header = Buffer.from('From: jane@x.com\r\n\r\n');
    const body = () => {
      throw new Error('The body was read.');
    };
    const ports = { resolve: resolverOf({ ...SPF, ...DMARC }), clock: new VirtualClock(), hostId: 'mac' };
    const mail = { header, body, mailFrom: 'jane@x.com', ip: '192.0.2.1', helo: 'mx.x.com' };
    expect(await verdictOn(mail, ports)).toMatchObject({ authentication: { spf: 'pass', dmarc: 'pass' } });
  });

  it('is that it is authentic by the machine it came from', async () => {
    expect(await verdict(PLAIN, { ...SPF, ...DMARC }, { ip: '192.0.2.1' })).toMatchObject({
      authentication: { spf: 'pass', dkim: 'none', dmarc: 'pass' },
      isAuthenticated: true,
    });
  });

  it('is that it is forged when neither is so', async () => {
    expect(await verdict(PLAIN, { ...SPF, ...DMARC }, { ip: '192.0.2.9' })).toMatchObject({
      authentication: { spf: 'fail', dkim: 'none', dmarc: 'fail' },
      ...{ isAuthenticated: false, isTemporary: false },
    });
  });

  it('is that a changed mail is forged', async () => {
    const changed = Buffer.from((await signedMail()).toString().replace('Words.', 'Swords'));
    expect(await verdict(changed, { ...DKIM, ...DMARC })).toMatchObject({ isAuthenticated: false });
  });

  it('is that a signature of the beginning says nothing of what somebody has put below', async () => {
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const signing = { signingDomain: 'x.com', selector: 's1', privateKey: key, maxBodyLength: 8 };
    const { signatures } = await dkimSign(PLAIN, { ...signing, signatureData: [signing] });
    const signed = Buffer.concat([Buffer.from(signatures), PLAIN]);
    expect(signatures).toContain('l=8');
    expect(await verdict(signed, { ...DKIM, ...DMARC })).toMatchObject({ isAuthenticated: true });
    const longer = Buffer.concat([signed, Buffer.from('Pay to this account.\r\n')]);
    expect(await verdict(longer, { ...DKIM, ...DMARC })).toMatchObject({
      ...{ authentication: { dkim: 'policy', dmarc: 'fail' }, isAuthenticated: false },
    });
  });

  it('is that a signature of one says nothing of a mail from another', async () => {
    const zone = { ...DKIM, '_dmarc.z.com TXT': [['v=DMARC1; p=none']] };
    expect(await verdict(await signedMail('jane@z.com'), zone)).toMatchObject({ isAuthenticated: false });
    expect(await verdict(await signedMail('jane@z.com'), DKIM), 'without DMARC').toMatchObject({
      authentication: { dkim: 'pass', dmarc: 'none' },
      isAuthenticated: false,
    });
  });

  it('goes by SPF and DKIM of that very domain where it has no DMARC', async () => {
    expect(await verdict(await signedMail(), DKIM)).toMatchObject({
      authentication: { dmarc: 'none' },
      isAuthenticated: true,
    });
    expect(await verdict(PLAIN, {})).toMatchObject({ authentication: { spf: 'none' }, isAuthenticated: false });
  });

  it.each([
    ['news.x.com', 'x.com', true],
    ['x.com', 'news.x.com', true],
    ['evil.github.io', 'github.io', false],
    ['evil.co.uk', 'co.uk', false],
    ['other.com', 'x.com', false],
  ])('where it has no DMARC: %s may speak for %s: %s', async (domain, from, isAuthenticated) => {
    const zone = { [`${domain} TXT`]: [['v=spf1 ip4:192.0.2.1 -all']] };
    const mail = Buffer.from(`From: jane@${from}\r\n\r\nWords.\r\n`);
    const found = await verdict(mail, zone, { ip: '192.0.2.1', mailFrom: `joe@${domain}` });
    expect(found).toMatchObject({ authentication: { spf: 'pass', dmarc: 'none' }, isAuthenticated });
  });

  it('is that nobody knows while the DNS fails', async () => {
    expect(await verdict(PLAIN, { '_dmarc.x.com TXT': 'failing' })).toMatchObject({
      ...{ isAuthenticated: false, isTemporary: true },
    });
  });

  it('is that nobody knows when the DNS says nothing for ten seconds', async () => {
    const clock = new VirtualClock();
    const waiting = verdict(PLAIN, { '_dmarc.x.com TXT': 'silent' }, { clock });
    await clock.advance(10_000);
    expect(await waiting).toMatchObject({ isTemporary: true, authentication: { dmarc: 'temperror' } });
  });

  it('is that two senders are none', async () => {
    const two = Buffer.from('From: jane@x.com\r\nFrom: joe@z.com\r\n\r\nWords.\r\n');
    expect(await verdict(two, { ...SPF, ...DMARC }, { ip: '192.0.2.1' })).toMatchObject({ isAuthenticated: false });
  });

  it.each([
    ['is folded', 'Subject: Hi\r\nFrom: Jane\r\n <jane@x.com>\r\nTo: a@y.com'],
    ['is folded before its colon', 'From\r\n : jane@x.com\r\nTo: a@y.com'],
    ['is followed by a line that is no field', 'From: jane@x.com\r\nand, joe@z.com\r\nTo: a@y.com'],
    ['is a group', 'From: both: jane@x.com, joe@x.com;\r\nTo: a@y.com'],
    ['stands there twice', 'From: jane@x.com\r\nTo: a@y.com\r\nFROM: joe@x.com'],
    ['is followed by lines that begin with other white space', 'From: jane@x.com\r\n\u00a0, joe@z.com\r\nTo: a@y.com'],
    ['ends in bare line feeds', 'To: a@y.com\nFrom: jane@x.com\nSubject: Hi'],
    ['is not there', 'To: a@y.com\r\nX-From: jane@x.com'],
  ])('is of the sender that mailauth finds in the whole header when From %s', async (_, fields) => {
    const raw = Buffer.from(`${fields}\r\n\r\n`);
    const { headerFrom, fromFields } = await dkimVerify(raw, { resolver: resolverOf({}) });
    const whole = await dmarc({ headerFrom, fromFields, spfDomains: [], dkimDomains: [], resolver: resolverOf(DMARC) });
    const { authentication, fromDomain } = await verdict(raw, DMARC);
    expect([authentication.dmarc, fromDomain]).toEqual(
      whole === false ? ['permerror', undefined] : [whole.status.result, whole.status.header?.from],
    );
  });

  it('looks at five signatures of a thousand', async () => {
    const bodyHash = createHash('sha256').update('Words.\r\n').digest('base64');
    const forged = Array.from(
      { length: 1_000 },
      (_, i) => `DKIM-Signature: v=1; a=rsa-sha256; d=${i}.com; s=s; h=from; bh=${bodyHash}; b=eA==`,
    );
    const raw = Buffer.from(`${forged.join('\r\n')}\r\n${PLAIN.toString()}`);
    const asked: string[] = [];
    expect(await verdict(raw, {}, { asked })).toMatchObject({ isAuthenticated: false });
    expect(asked.filter((name) => name.includes('._domainkey.'))).toHaveLength(5);
  });
});
