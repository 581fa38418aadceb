// Which machines are believed when they speak of others, and what a stranger gets by the same words.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../../../node/mailbox/intake/listener.ts';
import { TrustedPeers } from '../../../../node/mailbox/intake/trusted-peers.ts';
import { MailIntake } from '../../../support/mail-intake.ts';
import { mailOf } from '../../../support/mail-structure.ts';
import type { SmtpTalk } from '../../../support/smtp-talk.ts';

const HERE = { trusted: new TrustedPeers(['127.0.0.0/8']) };
const PASSED = 'Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=z.com; dmarc=pass header.from=z.com';
const FROM_Z = ['Message-ID: <1@z.com>', 'From: Joe <joe@z.com>'];
const WORDS = ['', 'Words.'];

let at: MailIntake;

beforeEach(async () => {
  at = await MailIntake.create();
});

afterEach(() => at[Symbol.asyncDispose]());

async function mail(talk: SmtpTalk, raw: string, from = 'joe@z.com'): Promise<void> {
  expect(await talk.say(`MAIL FROM:<${from}>`)).toMatch(/^250/);
  expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^250/);
  expect(await talk.mail(raw)).toEqual(['250 2.6.0 The mail is kept.']);
}

const labels = () =>
  at.read("SELECT label FROM message_label WHERE label NOT IN ('received', 'unread')").map(({ label }) => label);
const trace = () => String(at.messages().at(-1)?.trace);

describe('a gateway that is trusted', () => {
  it.each(['smtp', 'lmtp'] as const)('is believed what it found out, by %s', async (protocol) => {
    await using talk = await at.open(protocol, HERE);
    await mail(talk, mailOf(PASSED, ...FROM_Z, ...WORDS));
    expect(labels()).toEqual([]);
    expect(trace()).toContain('spf=pass');
    expect(trace()).toContain('dmarc=pass header.from=z.com');
  });

  it('is believed what is spam', async () => {
    await using talk = await at.open('smtp', HERE);
    await mail(talk, mailOf(PASSED, 'X-Spam-Flag: YES', ...FROM_Z, ...WORDS));
    expect(labels()).toEqual(['spam']);
  });

  it('says whose mail it is by XFORWARD, for the next mail alone', async () => {
    await using talk = await at.open('lmtp', HERE);
    expect(await talk.say('LHLO mx.example.com')).toContain('XFORWARD');
    expect(await talk.say('XFORWARD ADDR=127.0.0.1 HELO=mx.y.com')).toMatch(/^250/);
    await mail(talk, mailOf('Message-ID: <1@y.com>', 'From: jane@y.com', ...WORDS), 'jane@y.com');
    expect(trace()).toContain('spf=pass');
    expect(trace()).toContain('from mx.y.com ([127.0.0.1])');
    await mail(talk, mailOf('Message-ID: <2@y.com>', 'From: jane@y.com', ...WORDS), 'jane@y.com');
    expect(trace()).toContain('spf=none');
    expect(trace()).toContain('from unknown');
  });

  it('is not itself taken for the sender', async () => {
    await using talk = await at.open('smtp', HERE);
    await mail(talk, mailOf('Message-ID: <1@y.com>', 'From: jane@y.com', ...WORDS), 'jane@y.com');
    expect(trace()).toContain('spf=none');
    expect(labels()).toEqual(['unauthenticated']);
  });

  it('may have many connections, hand over many mails, and ask for many who are not there', async () => {
    const talks: SmtpTalk[] = [];
    for (let count = 0; count < 12; count += 1) talks.push(await at.open('smtp', HERE));
    const [talk] = talks as [SmtpTalk];
    for (let count = 0; count < 101; count += 1) {
      expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^250/);
      await talk.say('RSET');
    }
    await talk.say('MAIL FROM:<jane@y.com>');
    for (let guess = 0; guess < 12; guess += 1) expect(await talk.say(`RCPT TO:<${guess}@x.com>`)).toMatch(/^550/);
    expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^250/);
    for (const one of talks) await one[Symbol.asyncDispose]();
  });
});

describe('a stranger', () => {
  it.each([
    ['by SMTP', 'smtp', {}],
    ['by LMTP', 'lmtp', {}],
    ['when another machine is trusted', 'smtp', { trusted: new TrustedPeers(['10.0.0.0/8', '::1']) }],
  ] as const)('is not believed %s', async (_, protocol, parts) => {
    await using talk = await at.open(protocol, parts);
    await mail(talk, mailOf(PASSED, 'X-Spam-Flag: YES', ...FROM_Z, ...WORDS));
    expect(labels()).toEqual(['unauthenticated']);
    expect(trace()).not.toContain('pass');
  });

  it('has no XFORWARD, and no other way to say that it is somebody else', async () => {
    await using talk = await at.open('smtp');
    expect(await talk.say('EHLO mx.z.com')).not.toMatch(/XFORWARD|XCLIENT/);
    for (const command of ['XFORWARD ADDR=10.0.0.1', 'XCLIENT ADDR=10.0.0.1', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2'])
      expect(await talk.say(command)).toMatch(/^5/);
    await mail(talk, mailOf('Message-ID: <1@y.com>', 'From: jane@y.com', ...WORDS), 'jane@y.com');
    expect(trace()).toContain('([127.0.0.1])');
  });
});

describe('a proxy', () => {
  const proxied = async (header: string, trusted: readonly string[]) => {
    const parts = { ...at.partsOf('smtp'), proxies: ['127.0.0.1'], trusted: new TrustedPeers(trusted) };
    at.listener = await listen({ host: '127.0.0.1', port: 0 }, parts);
    const socket = connect(at.port, '127.0.0.1', () => socket.write(header));
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    const say = async (line: string, answer: RegExp) => {
      socket.write(line);
      await expect.poll(() => heard).toMatch(answer);
    };
    return { say, end: () => socket.destroy() };
  };

  it('says whose connection it is, and that machine is a stranger though the proxy is trusted', async () => {
    const { say, end } = await proxied('PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n', ['127.0.0.1']);
    await say('', /^220/);
    await say('EHLO mx.z.com\r\n', /250 SIZE/);
    await say(`MAIL FROM:<joe@z.com>\r\nRCPT TO:<a@x.com>\r\nDATA\r\n`, /354/);
    await say(`${mailOf(PASSED, ...FROM_Z, ...WORDS)}.\r\n`, /2\.6\.0/);
    end();
    expect(trace()).toContain('from mx.z.com ([192.0.2.7])');
    expect(labels()).toEqual(['unauthenticated']);
  });

  it('that says nothing is not greeted', async () => {
    const { say, end } = await proxied('EHLO mx.z.com\r\n', []);
    await say('', /BAD Invalid PROXY header/);
    end();
  });
});

describe('a socket for LMTP', () => {
  it('is open to this user alone, replaces one that was left behind, and refuses to replace one that is used', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'socket-'));
    const path = join(directory, 'lmtp.sock');
    const parts = at.partsOf('lmtp');
    at.listener = await listen({ path }, parts);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expect(listen({ path }, parts)).rejects.toMatchObject({ message: expect.stringContaining('listens there') });
    await at.listener.close();
    at.listener = undefined;

    const killed = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    spawnSync(process.execPath, ['-e', killed, path]);
    expect(statSync(path).isSocket()).toBe(true);
    at.listener = await listen({ path }, parts);
    rmSync(directory, { recursive: true });
  });
});
