import { lookup } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseAllowList } from '../../../../node/webhooks/guard/allow-list.ts';
import { createGuard, type GuardOptions } from '../../../../node/webhooks/guard/guard.ts';
import { createTunnel } from '../../../../node/webhooks/guard/proxy-tunnel.ts';
import { createSender } from '../../../../node/webhooks/sender/http-sender.ts';
import { type ConnectProxyOptions, startConnectProxy } from '../../../support/connect-proxy.ts';
import { type RawReceiver, startRawReceiver } from '../../../support/raw-receiver.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const NEVER = new AbortController().signal;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PUBLIC = '93.184.216.34';

interface WorldOptions extends Partial<GuardOptions> {
  /** Before the host in the proxy's URL. */
  readonly user?: string;
  readonly leads?: ConnectProxyOptions['leads'];
}

/** A receiver, a proxy by which every name leads to it, and a sender that has to use the proxy. */
class World implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly clock = new VirtualClock();
  readonly receiver: RawReceiver;
  readonly proxy: Awaited<ReturnType<typeof startConnectProxy>>;
  readonly #sender: ReturnType<typeof createSender>;

  private constructor(receiver: RawReceiver, proxy: World['proxy'], { user = '', leads: _, ...rules }: WorldOptions) {
    this.receiver = this.#stack.use(receiver);
    this.proxy = this.#stack.use(proxy);
    const tunnel = createTunnel(`http://${user}127.0.0.1:${proxy.port}`, lookup);
    const guard = createGuard({
      ...{ clock: this.clock, allow: [], loopbackAllowed: false, listening: () => [] },
      ...{ resolve: resolving(PUBLIC), ...rules },
    });
    this.#sender = createSender({ guard, clock: this.clock, tunnel });
    this.#stack.defer(() => this.#sender.close());
  }

  static async open(options: WorldOptions = {}, answer = OK): Promise<World> {
    const receiver = await startRawReceiver((socket) => socket.write(answer));
    return new World(receiver, await startConnectProxy({ leads: options.leads ?? (() => receiver.port) }), options);
  }

  post(url: string, signal = NEVER) {
    return this.#sender.post({ url, headers: { 'webhook-id': 'msg_1' }, body: Buffer.from('{"a":1}') }, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function resolving(...addresses: readonly string[]): GuardOptions['resolve'] {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn();
}

describe('a public receiver, where there is a proxy', () => {
  it('is reached by CONNECT, over http as well: the receiver gets the request as it is, the proxy nothing of it', async () => {
    await using world = await World.open();
    expect(await world.post('http://gateway.example/hook?a=b')).toMatchObject({ kind: 'answered', status: 200 });
    expect(world.proxy.asked).toEqual(['gateway.example:80']);
    expect(world.proxy.headers).toEqual([{ host: 'gateway.example:80', connection: expect.any(String) }]);
    const [head = '', body] = world.receiver.heard().split('\r\n\r\n');
    expect(head).toMatch(/^POST \/hook\?a=b HTTP\/1\.1\r\n/);
    expect(head.toLowerCase()).toContain('\r\nhost: gateway.example\r\n');
    expect(body).toBe('{"a":1}');
  });

  it.each([
    ['http://gateway.example:8080/', 'gateway.example:8080'],
    [`http://${PUBLIC}/`, `${PUBLIC}:80`],
    ['http://[2606:2800::1]:81/', '[2606:2800::1]:81'],
    ['http://xn--bcher-kva.example/', 'xn--bcher-kva.example:80'],
  ])('is named to it as in the URL: %s', async (url, authority) => {
    await using world = await World.open();
    expect(await world.post(url)).toMatchObject({ status: 200 });
    expect(world.proxy.asked).toEqual([authority]);
  });

  it('is asked for its certificate through the tunnel, by its own name', async () => {
    let hello = '';
    const server = createServer((socket) =>
      socket.once('data', (data) => {
        hello = data.toString('latin1');
        socket.end('no TLS');
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await using world = await World.open({ leads: () => port });
    expect(await world.post('https://gateway.example/')).toMatchObject({ kind: 'failed', error: 'tls_failed' });
    expect(world.proxy.asked).toEqual(['gateway.example:443']);
    expect(hello).toContain('gateway.example');
    server.close();
  });

  it('is sent several deliveries through one tunnel', async () => {
    await using world = await World.open();
    for (let attempt = 0; attempt < 10; attempt += 1)
      expect(await world.post('http://gateway.example/')).toMatchObject({ status: 200 });
    expect(world.proxy.asked.length).toBeLessThanOrEqual(2);
  });

  it('is believed when it speaks before it is asked', async () => {
    await using world = await World.open({
      leads: () => `HTTP/1.1 200 Connection established\r\n\r\n${OK}`,
    });
    expect(await world.post('http://gateway.example/')).toMatchObject({ kind: 'answered', status: 200 });
  });
});

describe('what the guard still judges, where there is a proxy', () => {
  it.each(['http://10.0.0.1/', 'http://127.0.0.1/', 'http://169.254.169.254/', 'http://[::ffff:93.184.216.34]/'])(
    'the literal %s: nobody is asked',
    async (url) => {
      await using world = await World.open();
      expect(await world.post(url)).toMatchObject({ kind: 'failed', error: 'url_refused' });
      expect(world.proxy.asked).toEqual([]);
    },
  );

  it('the addresses that a name has here: one that is closed refuses it', async () => {
    await using world = await World.open({ resolve: resolving(PUBLIC, '10.0.0.1') });
    expect(await world.post('http://gateway.example/')).toMatchObject({
      error: 'url_refused',
      message: expect.stringContaining('10.0.0.1'),
    });
    expect(world.proxy.asked).toEqual([]);
  });

  it.each([
    ['fails', () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))],
    ['has no answers', resolving()],
  ])('no name that has no address here, whose question %s: the proxy knows it or not', async (_, resolve) => {
    await using world = await World.open({ resolve });
    expect(await world.post('http://gateway.example/')).toMatchObject({ status: 200 });
    expect(world.proxy.asked).toEqual(['gateway.example:80']);
  });

  it('no name that nobody answers for within a second', async () => {
    await using world = await World.open({ resolve: () => new Promise(() => {}) });
    const outcome = world.post('http://gateway.example/');
    await world.clock.advance(999);
    expect(world.proxy.asked).toEqual([]);
    await world.clock.advance(1);
    expect(await outcome).toMatchObject({ status: 200 });
  });
});

describe('a receiver that the operator opened', () => {
  it('on this machine is called directly', async () => {
    await using world = await World.open({ loopbackAllowed: true });
    expect(await world.post(world.receiver.url)).toMatchObject({ status: 200 });
    expect(world.proxy.asked).toEqual([]);
  });

  it.each([[['127.0.0.1']], [['127.0.0.1', PUBLIC]]])(
    'by the allow-list is called directly, by a name with %j too',
    async (addresses) => {
      await using world = await World.open({ allow: parseAllowList('127.0.0.1'), resolve: resolving(...addresses) });
      const url = `http://gateway.example:${world.receiver.port}/`;
      expect(await world.post(url)).toMatchObject({ status: 200 });
      expect(world.proxy.asked).toEqual([]);
    },
  );
});

describe('the proxy', () => {
  it('is shown the user name and password of its URL', async () => {
    await using world = await World.open({ user: 'mesh:p%40ss%3Aword@' });
    expect(await world.post('http://gateway.example/')).toMatchObject({ status: 200 });
    const shown = `Basic ${Buffer.from('mesh:p@ss:word').toString('base64')}`;
    expect(world.proxy.headers).toEqual([expect.objectContaining({ 'proxy-authorization': shown })]);
    expect(world.receiver.heard()).not.toMatch(/proxy-authorization/i);
  });

  it.each([
    ['HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!', 'gateway.example:80: it answered 403'],
    ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'MESH_WEBHOOK_PROXY'],
    ['HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n', 'it answered 302'],
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 'it answered 101'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'is none'],
    ['', 'ECONNRESET'],
  ])('that answers %j is a failure of its own, and accepts nothing for the receiver', async (answer, message) => {
    await using world = await World.open({ leads: () => answer });
    expect(await world.post('http://gateway.example/')).toMatchObject({
      kind: 'failed',
      error: 'proxy_failed',
      message: expect.stringContaining(message),
    });
    expect(world.receiver.connections()).toBe(0);
  });

  it('that is not there is told as such', async () => {
    const world = await World.open();
    await world.proxy[Symbol.asyncDispose]();
    expect(await world.post('http://gateway.example/')).toMatchObject({
      error: 'proxy_failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('that says nothing is given up after 5 seconds, with its connection', async () => {
    await using silent = await startRawReceiver(() => {});
    const clock = new VirtualClock();
    const guard = createGuard({
      ...{ clock, allow: [], loopbackAllowed: false, listening: () => [], resolve: resolving(PUBLIC) },
    });
    const sender = createSender({ guard, clock, tunnel: createTunnel(`http://127.0.0.1:${silent.port}`, lookup) });
    const outcome = sender.post({ url: 'http://gateway.example/', headers: {}, body: new Uint8Array() }, NEVER);
    await until(() => silent.heard().includes('CONNECT gateway.example:80'));
    await clock.advance(5_000);
    expect(await outcome).toMatchObject({ kind: 'failed', error: 'connect_timeout' });
    await until(() => silent.open() === 0);
    await sender.close();
  });

  it('is let go of when the attempt is cut off, and when the sender closes', async () => {
    await using world = await World.open({}, '');
    const cut = new AbortController();
    const outcome = world.post('http://gateway.example/', cut.signal);
    await until(() => world.receiver.heard().endsWith('{"a":1}'));
    cut.abort();
    expect(await outcome).toMatchObject({ error: 'cut_off' });
    await until(() => world.proxy.open() === 0 && world.receiver.open() === 0);
  });

  it.each([
    'https://127.0.0.1:3128',
    'http://127.0.0.1:3128/path',
    'http://127.0.0.1:3128?a',
    'http://127.0.0.1:99999',
    'http://%:%@127.0.0.1:3128',
    'socks5://127.0.0.1:1080',
    '127.0.0.1:3128',
  ])('is none by %s, and the message shows no password', (url) => {
    expect(() => createTunnel(url, lookup)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.not.stringContaining('3128') }),
    );
  });
});
