// What the README tells a gateway to verify deliveries with, taken out of it and run on what a real node sends; and whether others who
// verify such deliveries, by the same standard or by the original's headers, believe them too.
import { execFile, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { verify as verifyByOctokit } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { installPackage } from '../support/installed-package.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const run = promisify(execFile);
/** By a name that tools do not take for a dependency. */
const OPENSSL = 'openssl';

interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly secret: string;
}

type Verify = (delivery: Delivery) => Promise<boolean>;

let directory: string;
let delivery: Delivery;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'webhook-snippets-'));
  await installPackage(directory);
  delivery = await receiveOne();
}, LIVE_MS_MAX);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The README's block of that language, in a file. */
async function snippet(language: string, name: string): Promise<string> {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const code = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(text)?.[1];
  if (code === undefined) throw new Error(`The README has no ${language}.`);
  const file = join(directory, name);
  await writeFile(file, code);
  return file;
}

/** Subscribes at a real node and has something happen there. */
async function receiveOne(): Promise<Delivery> {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
  await using client = new Client();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const came = once(server, 'request');
  await mesh.start();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
  const { body } = await client.expect(mesh.host('mac'), 'POST', '/api/webhooks', { url, events: ['agent.created'] });
  // Beyond ASCII, so that a receiver that reads the body as text of another kind is found out.
  await client.expect(mesh.host('mac'), 'POST', '/api/agents', { name: 'iac', label: 'Titania 妖精' });
  const [request, response] = await came;
  const octets = await buffer(request);
  response.writeHead(204).end();
  server.close();
  return { headers: request.headers, body: octets, secret: body.secret };
}

/** A receiver starts, is sent the delivery, and says by its status whether it believes it. */
const inTypeScript: Verify = async ({ headers, body, secret }) => {
  await snippet('ts', 'receiver.mts');
  const call = join(directory, 'call.mts');
  await writeFile(
    call,
    `import { text } from 'node:stream/consumers';
import { gateway } from './receiver.mts';
const { headers, body, secret } = JSON.parse(await text(process.stdin));
const server = gateway(secret).listen(0, '127.0.0.1', async () => {
  const url = 'http://127.0.0.1:' + server.address().port;
  const { status } = await fetch(url, { method: 'POST', headers, body: Buffer.from(body, 'hex') });
  console.log(status);
  server.close();
});
`,
  );
  const signed = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('webhook-')));
  const child = run(process.execPath, [call]);
  child.child.stdin?.end(JSON.stringify({ headers: signed, body: body.toString('hex'), secret }));
  const { stdout } = await child;
  expect(['204', '400']).toContain(stdout.trim().split('\n').at(-1));
  return stdout.trim().endsWith('204');
};

const inPython: Verify = async ({ headers, body, secret }) => {
  const file = await snippet('python', 'receiver.py');
  await writeFile(
    join(directory, 'call.py'),
    `import json, sys\nfrom receiver import is_genuine\ngiven = json.load(sys.stdin)\nprint(is_genuine(given["headers"], bytes.fromhex(given["body"]), given["secret"]))\n`,
  );
  const child = run('python3', [join(directory, 'call.py')], { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
  child.child.stdin?.end(JSON.stringify({ headers, body: body.toString('hex'), secret }));
  const { stdout } = await child;
  expect(['True\n', 'False\n'], file).toContain(stdout);
  return stdout === 'True\n';
};

const inShell: Verify = async ({ headers, body, secret }) => {
  const file = await snippet('bash', 'receiver.sh');
  await writeFile(join(directory, 'body.json'), body);
  const { stdout } = await run('bash', [file], {
    cwd: directory,
    env: {
      ...process.env,
      ID: headers['webhook-id'],
      AT: headers['webhook-timestamp'],
      SIGNATURES: headers['webhook-signature'],
      SECRET: secret,
    },
  }).catch(({ stdout: said }: { stdout: string }) => ({ stdout: said }));
  return stdout === 'genuine\n';
};

const isInstalled = (program: string) => spawnSync(program, ['--version']).error === undefined;
const WAYS = [
  ['TypeScript', inTypeScript, []],
  ['Python', inPython, ['python3']],
  ['a shell', inShell, ['bash', 'openssl']],
] as const;

describe.each(WAYS)("the README's receiver in %s", { timeout: LIVE_MS_MAX }, (_, verify, needs) => {
  const missing = needs.filter((program) => !isInstalled(program));
  const title = (text: string) => (missing.length === 0 ? text : `${text} (skipped: no ${missing.join(', ')} here)`);

  it.skipIf(missing.length > 0)(title('believes what a node delivered'), async () => {
    expect(await verify(delivery)).toBe(true);
  });

  it.skipIf(missing.length > 0)(title('refuses a changed body'), async () => {
    const body = Buffer.from(delivery.body.toString().replace('"iac"', '"ica"'));
    expect(body.equals(delivery.body)).toBe(false);
    expect(await verify({ ...delivery, body })).toBe(false);
  });

  it.skipIf(missing.length > 0)(
    title('refuses another secret, another id, and a delivery without its headers'),
    async () => {
      const other = `whsec_${Buffer.alloc(32).toString('base64')}`;
      expect(await verify({ ...delivery, secret: other })).toBe(false);
      expect(await verify({ ...delivery, headers: { ...delivery.headers, 'webhook-id': 'another' } })).toBe(false);
      expect(await verify({ ...delivery, headers: {} })).toBe(false);
    },
  );

  it.skipIf(missing.length > 0)(title('refuses a delivery that is played again ten minutes later'), async () => {
    const id = delivery.headers['webhook-id'];
    const key = Buffer.from(delivery.secret.replace('whsec_', ''), 'base64');
    const signedAt = (at: string) => ({
      ...delivery.headers,
      'webhook-timestamp': at,
      'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${at}.`).update(delivery.body).digest('base64')}`,
    });
    const nowSeconds = Math.floor(Date.now() / 1_000);
    expect(await verify({ ...delivery, headers: signedAt(String(nowSeconds)) })).toBe(true);
    expect(await verify({ ...delivery, headers: signedAt(String(nowSeconds - 600)) })).toBe(false);
  });
});

/** Each answers false, or throws. */
const VERIFIERS: readonly (readonly [name: string, verify: (delivery: Delivery) => unknown])[] = [
  ['standardwebhooks', ({ headers, body, secret }) => new StandardWebhook(secret).verify(body, { ...headers })],
  ['svix', ({ headers, body, secret }) => new SvixWebhook(secret).verify(body.toString(), { ...headers })],
  [
    '@octokit/webhooks-methods',
    ({ headers, body, secret }) => verifyByOctokit(secret, body.toString(), headers['x-hub-signature-256'] ?? ''),
  ],
  [
    'openssl dgst',
    ({ headers, body, secret }) => {
      const { stdout } = spawnSync(OPENSSL, ['dgst', '-sha256', '-hmac', secret, '-r'], { input: body });
      return stdout.toString().split(' ')[0] === headers['x-webhook-signature'];
    },
  ],
];

describe.each(VERIFIERS)('%s', { timeout: LIVE_MS_MAX }, (name, verify) => {
  const isMissing = name.startsWith(OPENSSL) && !isInstalled(OPENSSL);
  const believes = async (given: Delivery) => {
    try {
      return (await verify(given)) !== false;
    } catch {
      // What it says against the delivery is its own business.
      return false;
    }
  };

  it.skipIf(isMissing)('believes what a node delivered, and nothing else', async () => {
    const body = Buffer.from(delivery.body.toString().replace('"iac"', '"ica"'));
    const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
    const all = [delivery, { ...delivery, body }, { ...delivery, secret }, { ...delivery, headers: {} }];
    const believed: boolean[] = [];
    for (const one of all) believed.push(await believes(one));
    expect(believed).toEqual([true, false, false, false]);
  });
});
