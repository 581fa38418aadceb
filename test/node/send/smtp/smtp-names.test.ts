// Mail servers by name: where they are is what our own resolver says, and who they are is what their certificate says.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookupBy } from '../../../../node/dns/name-resolver.ts';
import { socketBy } from '../../../../node/dns/named-socket.ts';
import { Secret } from '../../../../node/secret.ts';
import type { Account } from '../../../../node/send/account.ts';
import { SmtpMailer } from '../../../../node/send/smtp/smtp-mailer.ts';
import { systemClock } from '../../../../node/system/clock.ts';
import { account, content } from '../../../support/mail.ts';
import { RecordingLog } from '../../../support/recording-log.ts';

const NAME = 'smtp.example.com';
let directory: string;
let key: string;
let cert: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mesh-smtp-names-'));
  const file = (name: string) => join(directory, name);
  const made = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    file('key'),
    '-out',
    file('cert'),
  ];
  execFileSync('openssl', [...made, '-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`], {
    stdio: 'ignore',
  });
  key = readFileSync(file('key'), 'utf8');
  cert = readFileSync(file('cert'), 'utf8');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Ships one message to a server on this machine under the name that the account gives it. */
async function ship(
  parts: Partial<Account>,
): Promise<{ readonly kind: string; readonly error?: string; readonly asked: string[] }> {
  const smtp = new SMTPServer({ key, cert, secure: parts.security === 'tls', authOptional: true });
  smtp.on('error', () => undefined);
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve()));
  const { port } = (smtp as unknown as { server: { address(): { port: number } } }).server.address();
  const asked: string[] = [];
  const lookup = lookupBy(async (name) => {
    asked.push(name);
    if (!name.endsWith('.example.com')) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    return [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
  });
  const mailer = new SmtpMailer({
    clock: systemClock,
    log: new RecordingLog(),
    socketTo: (name) => socketBy(lookup, name),
    open: () => Readable.from([]),
    secretOf: () => Promise.resolve(new Secret('unused')),
    secretRefused: () => undefined,
    name: 'client.example.com',
  });
  const shipment = {
    account: account({ host: NAME, port, ca: cert, ...parts }),
    content: content(),
    date: '2026-01-27T12:00:00.000Z',
    recipients: ['bob@mail.example.com'],
    begin: () => Promise.resolve(),
  };
  const outcome = await mailer.ship(shipment, new AbortController().signal);
  await mailer.close();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  return { asked, ...outcome };
}

describe('a mail server', () => {
  it.each(['none', 'starttls', 'tls'] as const)('is reached where our resolver says, security %s', async (security) => {
    expect(await ship({ security })).toMatchObject({ kind: 'answered', asked: [NAME] });
  });

  it.each(['starttls', 'tls'] as const)(
    'of another name than its certificate says is not believed, security %s',
    async (security) => {
      const shipped = await ship({ security, host: 'other.example.com' });
      expect(shipped).toMatchObject({ kind: 'not_sent', error: 'tls_failed', asked: ['other.example.com'] });
    },
  );

  it('may be named otherwise by its certificate when the account says so', async () => {
    expect(await ship({ security: 'tls', host: 'other.example.com', tlsName: NAME })).toMatchObject({
      kind: 'answered',
    });
    expect(await ship({ security: 'starttls', host: '127.0.0.1', tlsName: NAME })).toMatchObject({
      kind: 'answered',
      asked: [],
    });
  });

  it("without an address is one that can't be connected to", async () => {
    expect(await ship({ host: 'smtp.invalid' })).toMatchObject({ kind: 'not_sent', error: 'connect_failed' });
  });
});
