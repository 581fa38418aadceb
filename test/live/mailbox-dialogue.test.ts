// What clients do on a connection for mail: TLS, many commands at once, eight bits, letters of all alphabets, one recipient twice, and
// talking before they are greeted.
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority } from '../support/certificate-authority.ts';
import { type LiveMailbox, liveMailbox } from '../support/live-mailbox.ts';
import { mailOf } from '../support/mail-structure.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const run = promisify(execFile);

const NEEDED = {
  swaks: ['swaks', '--version'],
  'libnet-ssleay-perl': ['perl', '-MNet::SSLeay', '-e', '1'],
  openssl: ['openssl', 'version'],
} as const;

function whyNot(): string | undefined {
  for (const [name, [program, ...words]] of Object.entries(NEEDED))
    try {
      execFileSync(program, words, { stdio: 'ignore' });
    } catch {
      // Not installed: the name of the tests says so.
      return `${name} is not installed (apt-get install ${name})`;
    }
  return undefined;
}

const missing = whyNot();

describe.skipIf(missing !== undefined)(
  `a connection for mail${missing === undefined ? '' : `: skipped, ${missing}`}`,
  () => {
    let at: LiveMailbox;
    let inboxId: string;
    let directory: string;
    let authority: CertificateAuthority;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'mail-tls-'));
      authority = new CertificateAuthority(directory);
      const { cert, key } = authority.certify(1);
      const files = { cert: join(directory, 'mail.pem'), key: join(directory, 'mail.key') };
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
      chmodSync(files.key, 0o600);
      at = await liveMailbox('--mailbox-cert', files.cert, '--mailbox-key', files.key);
      ({ inboxId } = await at.client.inboxes.create({ username: 'support' }));
    }, LIVE_MS_MAX);

    afterAll(async () => {
      await at?.[Symbol.asyncDispose]();
      if (directory !== undefined) rmSync(directory, { recursive: true });
    });

    const swaks = (port: number, ...more: readonly string[]) =>
      run('swaks', [
        ...['--server', '127.0.0.1', '--port', String(port), '--helo', 'mx.y.com', '--from', 'jane@y.com'],
        ...['--to', inboxId, ...more],
      ]);
    const mail = (messageId: string) => at.client.inboxes.messages.get(inboxId, messageId);

    it('is encrypted when the client wishes, with the certificate that was given', async () => {
      const tls = ['--tls', '--tls-verify', '--tls-ca-path', authority.file, '--tls-protocol', 'tlsv1_2'];
      const { stdout } = await swaks(at.smtp, ...tls, '--tls-sni', 'localhost', '--h-Message-Id', '<tls@y.com>');
      expect(stdout).toMatch(/TLS started with cipher TLSv1\.2/);
      expect(stdout).toContain('250 2.6.0');
      expect((await mail('<tls@y.com>')).headers).toBeDefined();
      const { downloadUrl } = await at.client.inboxes.messages.getRaw(inboxId, '<tls@y.com>');
      expect(await (await fetch(downloadUrl)).text()).toContain(' by mac with ESMTPS');
    });

    it('is encrypted by nothing older than TLS 1.2', async () => {
      const old = ['-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0'];
      const asked = run('openssl', ['s_client', '-starttls', 'smtp', '-connect', `127.0.0.1:${at.smtp}`, ...old]);
      await expect(asked).rejects.toMatchObject({ stderr: expect.stringMatching(/alert protocol version/) });
    });

    it('forgets what was said in clear behind STARTTLS', async () => {
      const socket = connect(at.smtp, '127.0.0.1');
      let heard = '';
      socket.on('data', (data) => {
        heard += data.toString();
      });
      await expect.poll(() => heard).toContain('220 ');
      socket.write(`EHLO mx.y.com\r\nSTARTTLS\r\nMAIL FROM:<jane@y.com>\r\nRCPT TO:<${inboxId}>\r\n`);
      await expect.poll(() => heard).toContain('Ready to start TLS');
      socket.destroy();
      await once(socket, 'close');
      expect(heard).not.toContain('Accepted');
    });

    it('takes all commands of a mail at once', async () => {
      const { stdout } = await swaks(at.smtp, '--pipeline', '--h-Message-Id', '<pipeline@y.com>');
      expect(stdout).toContain('250 2.6.0');
      expect((await mail('<pipeline@y.com>')).labels).toContain('received');
    });

    it('ends when the client talks before it is greeted', async () => {
      for (;;) {
        const socket = connect(at.smtp, '127.0.0.1', () => socket.write('EHLO mx.y.com\r\n'));
        const closed = once(socket, 'close');
        const heard = String(await once(socket, 'data'));
        // A busy machine kept the client until it was greeted.
        if (heard.startsWith('220 ')) socket.destroy();
        else expect(heard).toMatch(/^421 /);
        await closed;
        if (!heard.startsWith('220 ')) break;
      }
    });

    it('takes eight bits, whether they were announced or not', async () => {
      for (const announced of ['', ' BODY=8BITMIME']) {
        const id = `<8bit${announced.length}@y.com>`;
        await using talk = await SmtpTalk.open(at.smtp, 'EHLO mx.y.com');
        await talk.say(`MAIL FROM:<jane@y.com>${announced}`);
        await talk.say(`RCPT TO:<${inboxId}>`);
        const type = 'Content-Type: text/plain; charset=utf-8';
        const raw = mailOf(
          `Message-ID: ${id}`,
          'From: jane@y.com',
          type,
          'Content-Transfer-Encoding: 7bit',
          '',
          'Grüße',
        );
        expect(await talk.mail(raw)).toEqual(['250 2.6.0 The mail is kept.']);
        expect((await mail(id)).text).toBe('Grüße');
      }
    });

    it('takes addresses and headers in letters of all alphabets', async () => {
      const büro = await at.client.inboxes.create({ username: 'büro' });
      await using talk = await SmtpTalk.open(at.smtp, 'EHLO mx.y.com');
      expect(await talk.say('MAIL FROM:<jürgen@y.com> SMTPUTF8 BODY=8BITMIME')).toMatch(/^250/);
      expect(await talk.say(`RCPT TO:<${büro.inboxId}>`)).toMatch(/^250/);
      const raw = mailOf('Message-ID: <utf8@y.com>', 'From: Jürgen <jürgen@y.com>', 'Subject: 你好', '', 'Words.');
      expect(await talk.mail(raw)).toEqual(['250 2.6.0 The mail is kept.']);
      const kept = await at.client.inboxes.messages.get(büro.inboxId, '<utf8@y.com>');
      expect(kept).toMatchObject({ from: 'Jürgen <jürgen@y.com>', subject: '你好' });
    });

    it('by LMTP answers once for each recipient that was accepted, and keeps the mail once', async () => {
      const twice = ['--protocol', 'LMTP', '--to', `${inboxId},${inboxId},nobody@agents.example.com`];
      const { stdout } = await swaks(at.lmtp, ...twice, '--h-Message-Id', '<twice@y.com>');
      expect(stdout.match(/250 2\.6\.0 The mail is kept\./g)).toHaveLength(2);
      expect(stdout).toMatch(/550 5\.1\.1/);
      const all = await at.client.inboxes.messages.list(inboxId, { includeUnauthenticated: true, limit: 100 });
      expect(all.messages.filter(({ messageId }) => messageId === '<twice@y.com>')).toHaveLength(1);
    });
  },
);
