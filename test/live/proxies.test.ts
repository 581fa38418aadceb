// Two hosts that reach each other only through the proxies of the README, with TLS in front: the README's own nginx and Caddy files, but
// for the ports and the certificate.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { freePorts, type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { type Answer, until } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const NAME = 'mac.example.com';
const TOKEN = 'a-token-of-this-test';
const LARGE_BYTES = 3 * 1_048_576;

interface Place {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
}

/** Where one proxy listens, and the node behind it. */
interface Ports {
  readonly front: number;
  readonly back: number;
}

interface Proxy {
  readonly name: string;
  readonly language: string;
  /** The command, once its files are written. */
  command(block: string, place: Place, ports: Ports): Promise<readonly string[]>;
}

const NGINX: Proxy = {
  name: 'nginx',
  language: 'nginx',
  async command(block, { directory, certificate, key }, { front, back }) {
    const server = replaced(block, [
      ['listen 443 ssl', `listen 127.0.0.1:${front} ssl`],
      [`/etc/ssl/${NAME}.pem`, certificate],
      [`/etc/ssl/${NAME}.key`, key],
      ['http://127.0.0.1:23000', `http://127.0.0.1:${back}`],
    ]);
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (of) => `${of}_temp_path ${join(directory, of)};`,
    );
    const file = join(directory, `nginx-${front}.conf`);
    // Its workers must be able to write where this test may.
    const user = process.geteuid?.() === 0 ? 'user root; ' : '';
    await writeFile(
      file,
      `${user}daemon off; pid ${file}.pid; error_log stderr;\nevents {}\nhttp {\n  access_log off; ${scratch.join(' ')}\n${server}}\n`,
    );
    return ['nginx', '-p', directory, '-c', file];
  },
};

const CADDY: Proxy = {
  name: 'Caddy',
  language: 'caddyfile',
  async command(block, { directory, certificate, key }, { front, back }) {
    const site = replaced(block, [
      [`${NAME} {`, `https://${NAME}:${front}, https://127.0.0.1:${front} {\n  tls ${certificate} ${key}`],
      ['127.0.0.1:23000', `127.0.0.1:${back}`],
    ]);
    const file = join(directory, `Caddyfile-${front}`);
    await writeFile(file, `{\n  admin off\n  auto_https off\n}\n${site}`);
    return ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'];
  },
};

describe.each([NGINX, CADDY])('behind $name', (proxy) => {
  const command = proxy.name.toLowerCase();
  const isMissing = spawnSync(command, [command === 'nginx' ? '-v' : 'version']).error !== undefined;

  it.skipIf(isMissing)(
    isMissing
      ? `nothing is tried: skipped, ${command} is not installed`
      : 'two hosts see, claim and refuse as they do without it',
    async () => {
      await using stack = new AsyncDisposableStack();
      const { mesh, mac, cloud, fronts } = await start(proxy, stack);
      const client = stack.use(await clientOf(mesh.directory));

      await until(async () => (await client.ask(fronts.cloud, 'GET', '/ready'))?.status === 200);
      // A slash and an apostrophe are where proxies rewrite paths.
      const address = "o'brien/a@x.com";
      const bearer = { authorization: `Bearer ${TOKEN}` };
      const agent = { name: 'teams/iac', tools: { email: { addresses: [{ address }] } } };
      const made = await client.decide(fronts.mac, 'POST', '/api/agents', agent, bearer);
      expect([made.status, made.body]).toEqual([201, expect.objectContaining({ agent: expect.anything() })]);

      const escaped = encodeURIComponent(address);
      const lookUp = `/api/agents/email-index?address=${escaped}&federated=true`;
      let found = await client.expect(fronts.cloud, 'GET', lookUp);
      // A busy machine keeps one of them silent now and then.
      while (found.body.meta.hostsFailed.length > 0) found = await client.expect(fronts.cloud, 'GET', lookUp);
      expect(found.body.emails[address]).toMatchObject({ hostId: 'mac', hostUrl: mac.url });

      const again = { ...agent, name: 'oberon' };
      const refused = await client.decide(fronts.cloud, 'POST', '/api/agents', again, bearer);
      expect([refused.status, refused.body.claimedBy]).toEqual([409, { agentName: 'teams/iac', hostId: 'mac' }]);

      const path = `/api/agents/${made.body.agent.id}/email/addresses/${escaped}`;
      expect((await client.expect(fronts.mac, 'GET', path)).status).toBe(200);
      expect((await client.expect(fronts.mac, 'DELETE', path, undefined, bearer)).status).toBe(200);

      expect((await client.expect(fronts.mac, 'POST', '/api/agents', { name: 'puck' })).status).toBe(401);
      const large = await client.put(fronts.mac, '/api/email/blobs', Buffer.alloc(LARGE_BYTES), bearer);
      expect([large.status, large.body.bytes]).toEqual([201, LARGE_BYTES]);

      const named = (host: string) => client.ask(fronts.mac, 'GET', '/api/agents/email-index', undefined, { host });
      expect((await named(NAME))?.status).toBe(200);
      // Both proxies pass the upgrade on.
      await Promise.all([mac, cloud].map((host) => host.logged('"channel.opened"')));
      expect(mac.log + cloud.log).not.toContain('peer_untrusted');
    },
    LIVE_MS_MAX,
  );

  it.skipIf(isMissing)(
    isMissing
      ? `no token is asked for: skipped, ${command} is not installed`
      : 'a host without a token takes no change',
    async () => {
      await using stack = new AsyncDisposableStack();
      const { mesh, fronts } = await start(proxy, stack, { MESH_TOKEN: '' });
      const client = stack.use(await clientOf(mesh.directory));
      const answer = await client.expect(fronts.mac, 'POST', '/api/agents', { name: 'puck' });
      expect(answer).toMatchObject({ status: 401, body: { message: expect.stringContaining('Set MESH_TOKEN') } });
    },
    LIVE_MS_MAX,
  );
});

/** Both proxies first, so that the hosts meet at their first greeting; then both hosts. All of it goes with `stack`. */
async function start(proxy: Proxy, stack: AsyncDisposableStack, environment: Readonly<Record<string, string>> = {}) {
  const [macFront = 0, cloudFront = 0, macBack = 0, cloudBack = 0] = await freePorts(4);
  const url = (port: number) => `https://127.0.0.1:${port}`;
  const mesh = stack.use(
    await ProcessMesh.create([
      { id: 'mac', entry: { url: url(macFront), aliases: [NAME] } },
      { id: 'cloud', entry: { url: url(cloudFront) } },
    ]),
  );
  const place = await certify(mesh.directory);
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  const block = await blockOf(proxy.language);
  for (const [host, ports] of [
    [mac, { front: macFront, back: macBack }],
    [cloud, { front: cloudFront, back: cloudBack }],
  ] as [HostProcess, Ports][]) {
    host.environment = {
      MESH_LISTEN: `127.0.0.1:${ports.back}`,
      MESH_SECRET: 'a-secret-of-this-test',
      MESH_TOKEN: TOKEN,
      // Blobs are taken only where mail can be sent; nothing is sent here.
      MESH_SMTP_URL: 'smtp://127.0.0.1:25',
      NODE_EXTRA_CA_CERTS: place.certificate,
      ...environment,
    };
    stack.use(await RunningProxy.start(await proxy.command(block, place, ports), ports.front, mesh.directory));
  }
  await mesh.start();
  return { mesh, mac, cloud, fronts: { mac: url(macFront), cloud: url(cloudFront) } };
}

/** The README's block of that language. */
async function blockOf(language: string): Promise<string> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme)?.[1];
  if (block === undefined) throw new Error(`The README has no ${language}.`);
  return block;
}

/** Each text must be there: else the README says something that this test does not try. */
function replaced(block: string, pairs: readonly (readonly [from: string, to: string])[]): string {
  return pairs.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The README's block has no '${from}':\n${block}`);
    return text.replace(from, to);
  }, block);
}

/** A certificate of our own for both names of the host, which stands for itself. */
async function certify(directory: string): Promise<Place> {
  const [certificate, key] = [join(directory, 'proxy.pem'), join(directory, 'proxy.key')];
  const names = `subjectAltName=DNS:${NAME},IP:127.0.0.1`;
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${NAME}`;
  const files = ['-addext', names, '-keyout', key, '-out', certificate];
  execFileSync('openssl', [...made.split(' '), ...files], { stdio: 'ignore' });
  return { directory, certificate, key };
}

class RunningProxy implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves once it takes connections; rejects with what it said when it ended instead. */
  static async start([file = '', ...words]: readonly string[], port: number, home: string): Promise<RunningProxy> {
    const child = spawn(file, words, {
      env: { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}:\n${said}`);
      return isOpen(port);
    });
    return new RunningProxy(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // It does not listen yet.
    return false;
  } finally {
    socket.destroy();
  }
}

/** A client that believes the certificate of this test. */
async function clientOf(directory: string) {
  const agent = new Agent({ connect: { ca: await readFile(join(directory, 'proxy.pem')) } });
  const send = async (
    url: string,
    method: string,
    body: Buffer | string | null,
    headers: Record<string, string>,
  ): Promise<Answer> => {
    const {
      statusCode,
      headers: its,
      body: answer,
    } = await request(url, {
      method: method as 'GET',
      dispatcher: agent,
      headers,
      body,
    });
    const text = await answer.text();
    return { status: statusCode, headers: its, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  const expectAnswer = (
    front: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) =>
    send(front + path, method, body === undefined ? null : JSON.stringify(body), {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    });
  return {
    expect: expectAnswer,
    /** Asked again while it is answered 503: a claim took longer than it may. */
    decide: async (...words: Parameters<typeof expectAnswer>) => {
      for (;;) {
        const answer = await expectAnswer(...words);
        if (answer.status !== 503) return answer;
      }
    },
    ask: (...words: Parameters<typeof expectAnswer>) => expectAnswer(...words).catch(() => undefined),
    put: (front: string, path: string, octets: Buffer, headers: Record<string, string>) =>
      send(front + path, 'POST', octets, { 'content-type': 'application/octet-stream', ...headers }),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}
