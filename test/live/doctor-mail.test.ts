// Bad days of a mail account, tried for real: `mesh doctor` speaks with the server, names the mend, and the mend is typed as it stands.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../node/doctor/fault.ts';
import { badDay, type Machine } from '../support/bad-day.ts';
import { CertificateAuthority, type Certified } from '../support/certificate-authority.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const MISSING = ['openssl', 'curl'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
type Security = 'tls' | 'starttls';

/** A mail server with an account, on a machine that knows of it. Nothing else of the machine runs. */
class MailDay {
  readonly #machine: Machine;
  readonly #security: Security;
  readonly authority: CertificateAuthority;
  #server: SMTPServer | undefined;
  #port = 0;

  private constructor(machine: Machine, security: Security) {
    this.#machine = machine;
    this.#security = security;
    this.authority = new CertificateAuthority(machine.directory);
  }

  static async begin(security: Security): Promise<MailDay> {
    const { machines } = await badDay('mac');
    const day = new MailDay(machines[0] as Machine, security);
    onTestFinished(() => day.stop());
    return day;
  }

  get place(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** At the port that it had before. */
  async serve(certified: Certified): Promise<void> {
    const server = new SMTPServer({
      ...{ ...certified, secure: this.#security === 'tls', logger: false },
      onAuth: ({ username = '', password }, _, done) =>
        done(password === 'right' ? null : new Error('Invalid password'), { user: username }),
    });
    // A client that does not trust it ends the connection.
    server.on('error', () => undefined);
    server.listen(this.#port, '127.0.0.1');
    await once(server.server, 'listening');
    this.#port = (server.server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  write(password: string): void {
    const account = {
      ...{ id: 'own', host: '127.0.0.1', port: this.#port, security: this.#security, user: 'me', password },
      ...{ caFile: this.authority.file, tlsName: 'localhost' },
    };
    writeFileSync(this.#accounts, JSON.stringify({ accounts: [account] }), { mode: 0o600 });
  }

  /** What is said of the account. */
  async findings(): Promise<readonly Finding[]> {
    const { findings } = await this.#machine.doctor({ MESH_SEND_ACCOUNTS: this.#accounts });
    return findings.filter(({ check }) => check === 'mail-accounts');
  }

  get #accounts(): string {
    return join(this.#machine.directory, 'accounts.json');
  }
}

/** What a mend prints. The server is in this process, so nothing may wait for it here. */
async function typed({ mend }: Finding, input = ''): Promise<string> {
  const shell = spawn('bash', ['-c', `${mend} 2>&1`]);
  shell.stdin.end(input);
  return text(shell.stdout);
}

describe.skipIf(MISSING.length > 0)(
  MISSING.length > 0 ? `mesh doctor and mail: skipped, ${MISSING.join(', ')} missing` : 'mesh doctor and mail',
  { timeout: LIVE_MS_MAX },
  () => {
    it.each(['tls', 'starttls'] as const)('finds a certificate that has expired, by %s', async (security) => {
      const day = await MailDay.begin(security);
      await day.serve(day.authority.certify(-1));
      day.write('right');
      const [finding, ...more] = await day.findings();
      expect(more).toEqual([]);
      expect(finding?.what).toBe(
        `The certificate of ${day.place} (account 'own') is not valid: certificate has expired.`,
      );
      const [, until] = /^notAfter=(.*)$/m.exec(await typed(finding as Finding)) ?? [];
      expect(Date.parse(String(until))).toBeLessThan(Date.now());
      await day.stop();
      await day.serve(day.authority.certify(2));
      expect(await day.findings()).toEqual([]);
    });

    it('finds a server that is not there, and a password that is refused', async () => {
      const day = await MailDay.begin('tls');
      const good = day.authority.certify(2);
      await day.serve(good);
      day.write('wrong');
      await day.stop();
      const [silent] = await day.findings();
      expect(silent?.what).toContain(`The mail server ${day.place} (account 'own') can not be spoken with`);
      expect(await typed(silent as Finding)).toMatch(/refused/i);
      await day.serve(good);
      const [refused] = await day.findings();
      expect(refused?.what).toMatch(/refuses the login of account 'own': 535/);
      expect(await typed(refused as Finding, 'right\n')).toMatch(/^< 235 /m);
      day.write('right');
      expect(await day.findings()).toEqual([]);
    });
  },
);
