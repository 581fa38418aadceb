// Accounts as operators write them: what is unsafe or wrong does not load, says where, and shows no secret.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCertificates } from '../../../../node/machine/certificates.ts';
import { readPrivateFile } from '../../../../node/machine/private-file.ts';
import { Secret } from '../../../../node/secret.ts';
import { readSendConfig as readWith, type SendSources } from '../../../../node/send/accounts/accounts-file.ts';
import { testDirectory } from '../../../support/test-blobs.ts';

function fileOf(value: unknown, mode = 0o600): string {
  const path = join(testDirectory(), 'accounts.json');
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  chmodSync(path, mode);
  return path;
}

// What the start hands in; promised, as a refusal of any part is one of the whole.
const readSendConfig = async (sources: SendSources) => readWith(sources, { readPrivateFile, readCertificates });
const read = (value: unknown, mode?: number) => readSendConfig({ file: fileOf(value, mode), url: undefined });
const one = (entry: Record<string, unknown>) => read({ accounts: [{ id: 'a', ...entry }] });
const fromUrl = (url: string) => readSendConfig({ file: undefined, url: new Secret(url) });
const LOGIN = { user: 'ann@x.example.com', password: 'correct horse' };

describe('an account', () => {
  it.each([
    [
      { preset: 'gmail', ...LOGIN },
      { host: 'smtp.gmail.com', port: 465, security: 'tls' },
    ],
    [
      { preset: 'Outlook365', ...LOGIN },
      { host: 'smtp.office365.com', port: 587, security: 'starttls' },
    ],
    [
      { preset: 'outlook', ...LOGIN },
      { host: 'smtp-mail.outlook.com', port: 587, security: 'starttls' },
    ],
    [
      { preset: 'SendGrid', ...LOGIN },
      { host: 'smtp.sendgrid.net', port: 587, security: 'starttls' },
    ],
    [
      { host: 'mail.x.example.com', ...LOGIN },
      { port: 587, security: 'starttls', connectionsMax: 5, ratePerHour: 100 },
    ],
    [
      { host: 'mail.x.example.com', port: 465 },
      { port: 465, security: 'tls' },
    ],
    [
      { host: '127.0.0.1', port: 25, security: 'none' },
      { port: 25, security: 'none' },
    ],
    [
      { host: 'mail.x.example.com', senders: ['Ann@X.example.com', '@x.example.com'] },
      { senders: ['ann@x.example.com', '@x.example.com'] },
    ],
  ])('of %j is %j', async (entry, expected) => expect((await one(entry)).accounts).toMatchObject([expected]));

  it('of Microsoft or Google gets its tokens where they are handed out', async () => {
    const oauth2 = { clientId: 'c', refreshToken: 'r' };
    const { accounts } = await read({
      accounts: [
        { id: 'g', preset: 'gmail', user: 'u', oauth2 },
        { id: 'm', preset: 'outlook365', user: 'u', oauth2 },
      ],
    });
    expect(accounts.map(({ auth }) => auth)).toMatchObject([
      { kind: 'xoauth2', tokenUrl: expect.stringMatching(/^https:\/\/oauth2\.googleapis/) },
      {
        kind: 'xoauth2',
        tokenUrl: expect.stringMatching(/^https:\/\/login\.microsoftonline/),
        scope: expect.stringContaining('SMTP.Send'),
      },
    ]);
  });

  it('prints no secret', async () => {
    expect(JSON.stringify((await one({ preset: 'gmail', ...LOGIN })).accounts)).not.toContain('correct horse');
  });

  it.each([
    [{}, "needs a 'preset' or a 'host'"],
    [{ preset: 'nobody' }, "'nobody'"],
    [{ host: 'mail.x.example.com', security: 'none' }, 'only a server on this machine'],
    [{ host: '127.0.0.1', security: 'none', ...LOGIN }, 'clear text'],
    [{ host: 'h', user: 'u' }, "'password' or 'oauth2'"],
    [{ host: 'h', password: 'p' }, "no 'user'"],
    [{ host: 'h', user: 'u', oauth2: { clientId: 'c', refreshToken: 'r' } }, 'tokenUrl'],
    [{ host: 'h', user: 'u', oauth2: { clientId: 'c', refreshToken: 'r', tokenUrl: 'http://x/' } }, 'https'],
    [{ host: 'h\r\nX', ...LOGIN }, 'host name'],
    [{ host: 'h', port: 0 }, 'port'],
    [{ host: 'h', connectionsMax: 1_000 }, 'connectionsMax'],
    [{ host: 'h', caFile: 'no-such-file' }, "no-such-file' does not exist"],
    [{ host: 'h', caFile: '.' }, "names a 'caFile' that can't be used: '"],
    [{ host: 'h', caFile: '.' }, "' can't be read (EISDIR)"],
    [{ host: 'h', caFile: 'accounts.json' }, "accounts.json' holds no certificate in PEM"],
    [{ host: 'h', dkim: { domain: 'x', selector: 's', privateKeyFile: 'no-such-file' } }, 'DKIM'],
    [{ host: 'h', unknown: 1 }, 'unknown'],
  ])('of %j is refused: %s', async (entry, sentence) => {
    const error = await one(entry).catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining(sentence) });
    expect(String(error)).not.toContain('correct horse');
  });
});

describe('the file', () => {
  it.each([0o644, 0o640, 0o604])('with mode %o is refused, with what to run', async (mode) => {
    await expect(read({ accounts: [] }, mode)).rejects.toThrow('chmod 600');
  });

  it('that is a link, or is not there, or is saved as UTF-16, is refused with a sentence', async () => {
    const path = fileOf({ accounts: [] });
    symlinkSync(path, `${path}.link`);
    const from = (file: string) => readSendConfig({ file, url: undefined });
    await expect(from(`${path}.link`)).rejects.toThrow(/The accounts file '.*link' is a link/);
    await expect(from(`${path}.none`)).rejects.toThrow(/The accounts file '.*none' does not exist/);
    writeFileSync(path, Buffer.from('\ufeff{"accounts":[]}', 'utf16le'));
    await expect(from(path)).rejects.toThrow(/is saved as UTF-16; save it as UTF-8/);
  });
  it("that has a member called '__proto__' is refused, however it is spelt", async () => {
    await expect(read('{"accounts":[],"\\u005F_proto__":{"warmUp":true}}')).rejects.toThrow(/'__proto__'/);
  });
  it('may begin with a byte order mark', async () => {
    expect((await read('\ufeff{"accounts":[{"id":"a","host":"127.0.0.1"}]}')).accounts).toMatchObject([{ id: 'a' }]);
  });
  it('that is not JSON is refused without being quoted', async () => {
    await expect(read('{"password":"correct horse"')).rejects.toThrow(/is not JSON/);
    await expect(read('{"password":"correct horse"')).rejects.not.toThrow(/horse/);
  });

  it('tells all mistakes at once', async () => {
    await expect(
      read({
        accounts: [{ id: 'a' }, { id: 'b', host: 'h', password: 'p' }, { id: 'c', host: 'h' }, { id: 'c', host: 'h' }],
      }),
    ).rejects.toThrow(/'a'.*'b'.*'c' is given twice/s);
  });

  it('may say that there is no plan for new addresses, as when it says nothing', async () => {
    const off = await read({ accounts: [], warmUp: false });
    expect([off, 'warmUp' in off]).toEqual([await read({ accounts: [] }), false]);
  });

  it('may set how long and how fast', async () => {
    expect(
      await read({
        accounts: [],
        agentRatePerHour: 7,
        lifetimeHours: 2,
        warmUp: true,
        internalDomains: ['Corp.Local'],
      }),
    ).toEqual({
      accounts: [],
      agentRatePerHour: 7,
      lifetimeMs: 7_200_000,
      warmUp: { perDay: [20, 50, 100, 250], daysPerStep: 7 },
      internalDomains: ['corp.local'],
    });
  });
});

describe('a DKIM key', () => {
  const withKey = (pem: string) => {
    const directory = testDirectory();
    const file = join(directory, 'accounts.json');
    writeFileSync(join(directory, 'dkim.pem'), pem, { mode: 0o600 });
    writeFileSync(
      file,
      JSON.stringify({
        accounts: [
          { id: 'a', host: 'h', dkim: { domain: 'x.example.com', selector: 's', privateKeyFile: 'dkim.pem' } },
        ],
      }),
      { mode: 0o600 },
    );
    return readSendConfig({ file, url: undefined });
  };
  const pemOf = (bits: number) =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it('is found beside the file and tried', async () => {
    expect((await withKey(pemOf(2_048))).accounts[0]?.dkim).toMatchObject({ domain: 'x.example.com', selector: 's' });
  });

  it.each([
    ['no key', () => 'x', 'not a private key'],
    ['too short a key', () => pemOf(512), '1024 bits'],
    [
      'an Ed25519 key',
      () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'RSA',
    ],
  ])('that is %s is refused', async (_, pem, sentence) => {
    await expect(withKey(pem())).rejects.toThrow(sentence);
  });
});

describe('MESH_SMTP_URL', () => {
  it.each([
    ['smtp://127.0.0.1:2525', { host: '127.0.0.1', port: 2_525, security: 'none' }],
    ['smtp://localhost', { port: 25, security: 'none' }],
    ['smtp://ann%40x:p%3Aw@mail.x.example.com', { host: 'mail.x.example.com', port: 587, security: 'starttls' }],
    ['smtps://u:p@mail.x.example.com', { port: 465, security: 'tls' }],
    ['smtp://mail.x.example.com', { port: 587, security: 'starttls' }],
    ['smtp://127.0.0.1.evil.example:2525', { port: 2_525, security: 'starttls' }],
    ['smtp://127.evil.example', { security: 'starttls' }],
  ])('%s is %j', async (url, expected) =>
    expect((await fromUrl(url)).accounts).toMatchObject([{ id: 'default', ...expected }]),
  );

  it('is percent-decoded', async () => {
    const [account] = (await fromUrl('smtp://ann%40x:p%3Aw@mail.x.example.com')).accounts;
    expect(account?.auth?.kind === 'password' && [account.auth.user, account.auth.password.reveal()]).toEqual([
      'ann@x',
      'p:w',
    ]);
  });

  it.each(['http://x', 'smtp://', 'smtp://u@mail.x.example.com', 'smtp://u:p%ss@mail.x.example.com'])(
    '%s is refused without being quoted',
    async (url) => {
      await expect(fromUrl(url)).rejects.toThrow(/MESH_SMTP_URL/);
    },
  );
});

it('a certificate of the operator may be trusted instead of the system’s', async () => {
  const directory = testDirectory();
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      join(directory, 'key.pem'),
      '-out',
      join(directory, 'ca.pem'),
      '-days',
      '2',
      '-subj',
      '/CN=test',
    ],
    { stdio: 'ignore' },
  );
  const file = join(directory, 'accounts.json');
  writeFileSync(file, JSON.stringify({ accounts: [{ id: 'a', host: 'h', caFile: 'ca.pem' }] }), { mode: 0o600 });
  expect((await readSendConfig({ file, url: undefined })).accounts[0]?.ca).toContain('BEGIN CERTIFICATE');
});
