// What MESH_CLAIMS may say of PostgreSQL, as far as it is decided without asking it; and what is said when it refuses.
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openPostgres } from '../../../node/engines/postgres-engine.ts';
import { readPostgresUrl } from '../../../node/engines/postgres-url.ts';
import { serveRaw } from '../../support/loopback.ts';
import { testDirectory } from '../../support/test-blobs.ts';

const refused = (url: string, why: RegExp) => {
  expect(() => readPostgresUrl(url)).toThrow(why);
  expect(() => readPostgresUrl(url)).not.toThrow(/hunter2/);
};

describe('a password for PostgreSQL', () => {
  it.each([
    '10.0.0.1/mesh',
    'db.example:5432/mesh',
    '127.evil.example/mesh',
    '127.0.0.1/mesh?host=10.0.0.1',
    'db.example/mesh?sslmode=disable',
    'db.example/mesh?ssl=0',
  ])('is not sent in clear text to %s', (rest) => refused(`postgres://me:hunter2@${rest}`, /clear text.*verify-full/));
  it.each(['db.example/mesh?sslmode=no-verify', 'db.example/mesh?ssl=no-verify'])(
    'is not sent to whoever answers for %s',
    (rest) => refused(`postgres://me:hunter2@${rest}`, /whoever answers for db\.example/),
  );
  it.each(['db.example/mesh', '127.0.0.1/mesh'])('is not left to chance with sslmode=prefer or allow: %s', (rest) => {
    for (const mode of ['prefer', 'allow'])
      refused(`postgres://me:hunter2@${rest}?sslmode=${mode}`, /leaves it to whoever/);
    refused(`postgres://me:hunter2@${rest}?sslmode=requre`, /unknown sslmode/);
  });
  it.each(['require', 'verify-ca', 'verify-full'])(
    'may go to another machine with sslmode=%s, its certificate checked',
    (mode) => {
      const { ssl } = readPostgresUrl(`postgres://me:hunter2@db.example/mesh?sslmode=${mode}`).connection;
      expect(ssl).toMatchObject({});
      expect(ssl).not.toHaveProperty('rejectUnauthorized');
      expect(ssl).not.toHaveProperty('checkServerIdentity');
      const compatible = `postgres://me:hunter2@db.example/mesh?uselibpqcompat=true&sslmode=${mode}`;
      expect(readPostgresUrl(compatible).connection.ssl).not.toHaveProperty('rejectUnauthorized');
    },
  );
  it.each([
    '127.0.0.1/mesh',
    'localhost:5433/mesh',
    '[::1]/mesh',
    '%2Fvar%2Frun/mesh',
    '127.0.0.1/mesh?sslmode=disable',
  ])('may go to %s', (rest) => expect(readPostgresUrl(`postgres://me:hunter2@${rest}`).password).toBe('hunter2'));
  it('is found in the environment too', () => {
    vi.stubEnv('PGPASSWORD', 'hunter2');
    try {
      refused('postgres://me@db.example/mesh', /clear text/);
    } finally {
      vi.unstubAllEnvs();
    }
  });
  it('comes from no file, and is not needed everywhere', async () => {
    const { password } = readPostgresUrl('postgres://me@db.example/mesh').connection;
    await expect((password as () => Promise<string>)()).rejects.toThrow(
      /asks for a password, and MESH_CLAIMS has none/,
    );
  });
  it('that has a / in it is not shown as the name of a database', () => {
    refused('postgres://me:12/hunter2@db.example/mesh', /write \/ as %2F/);
  });
});

describe('certificates for PostgreSQL', () => {
  const at = (file: string) => `postgres://me:hunter2@db.example/mesh?sslmode=verify-full&sslrootcert=${file}`;
  it('that are not there, or none, are told so', () => {
    const file = join(testDirectory(), 'ca.pem');
    refused(at(file), /sslrootcert that can't be used: '.*ca\.pem' does not exist; it is postgres:/);
    writeFileSync(file, 'no certificate');
    refused(at(file), /'.*ca\.pem' holds no certificate in PEM/);
    chmodSync(file, 0o666);
    refused(at(file), /'.*ca\.pem' may be written by others/);
    refused(
      `postgres://me:hunter2@db.example/mesh?sslkey=${file}.none`,
      /names the file '.*none', which can't be read/,
    );
  });
  it('are used', () => {
    const directory = testDirectory();
    const [key, file] = [join(directory, 'key.pem'), join(directory, 'ca.pem')];
    const words = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      file,
      '-subj',
      '/CN=db.example',
    ];
    execFileSync('openssl', words, { stdio: 'ignore' });
    expect(readPostgresUrl(at(file)).connection.ssl).toMatchObject({ ca: expect.stringContaining('CERTIFICATE') });
  });
});

describe('a server that quotes the password', () => {
  it('is quoted without it', async () => {
    await using server = await serveRaw((socket) => {
      socket.on('data', (octets) => {
        const quote = octets.subarray(5, -1);
        const said = `SFATAL\0C28P01\0Mno such password: ${quote}, in base64 ${quote.toString('base64')}\0\0`;
        const head = Buffer.from('E\0\0\0\0');
        head.writeUInt32BE(said.length + 4, 1);
        socket.end(Buffer.concat([head, Buffer.from(said)]));
      });
      // AuthenticationCleartextPassword (protocol 3.0, "Message Formats").
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    });
    const engine = openPostgres(`postgres://me:hunter2@${new URL(server.url).host}/mesh`);
    const asked = engine.ping(new AbortController().signal);
    await expect(asked).rejects.toThrow(/no such password: \[secret\], in base64 \[secret\]/);
    await engine.close();
  });
});
