// Two hosts that never met, over real sockets: how they come to believe each other, and when they don't.
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostId } from '../../../../mesh/names.ts';
import { rosterOf } from '../../../../mesh/roster.ts';
import { NonceCache } from '../../../../mesh/signature/nonces.ts';
import { answerJson } from '../../../../node/http/peers/answer-signature.ts';
import { peerAuth, peerMessage } from '../../../../node/http/peers/peer-auth.ts';
import { helloRoutes } from '../../../../node/http/routes/hello.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { createCallOnce } from '../../../../node/peers/connections/call-once.ts';
import { HELLO_PATH } from '../../../../node/peers/keys/hello.ts';
import { createHelloAsker } from '../../../../node/peers/keys/hello-question.ts';
import { openPeerKeys } from '../../../../node/peers/keys/peer-keys.ts';
import { legacyBelief } from '../../../../node/peers/keys/trusted-network.ts';
import { createPeerTransport } from '../../../../node/peers/peer-transport.ts';
import { type LoopbackServer, serveApp, serveRaw } from '../../../support/loopback.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { systemAddresses } from '../../../support/system-names.ts';
import { type TestKey, testKeys } from '../../../support/test-keys.ts';
import { testHost } from '../../../support/trusting-hosts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const callOnce = createCallOnce(systemAddresses);

const { mac, cloud, reborn } = testKeys('mac', 'cloud', 'reborn');

let stack: AsyncDisposableStack;
let clock: VirtualClock;
/** hosts.json of everybody: id → URL. */
let urls: Map<TestKey['id'], string>;

beforeEach(() => {
  stack = new AsyncDisposableStack();
  clock = new VirtualClock();
  urls = new Map();
});
afterEach(() => stack.disposeAsync());

interface Setting {
  secret?: string;
  signer?: TestKey['signer'];
  store?: MemoryStore;
}

/** A host that listens, and answers `/api/mesh/v1/who` with the name of the host that asks. */
async function host(self: TestKey, { secret, signer = self.signer, store = new MemoryStore() }: Setting = {}) {
  const log = new RecordingLog();
  const random = seededRandom(self.id.length);
  const roster = () => {
    const hosts = [...urls].map(([id, url]) => testHost(id, url));
    return rosterOf(hosts, hosts.find(({ id }) => id === self.id) ?? testHost(self.id));
  };
  const hellos = createHelloAsker({ self: self.id, clock, random, callOnce, secret });
  const hostOf = (id: HostId) => roster().get(id);
  const keys = stack.use(await openPeerKeys({ hostOf, store, hellos, clock, log, ...belief(secret) }));
  const transport = stack.use(
    createPeerTransport({ self: self.id, hostOf, keys, signer, clock, random, addresses: systemAddresses }),
  );
  const app = createShell(log);
  let heard = 0;
  app.use(HELLO_PATH, (_, next) => {
    heard += 1;
    return next();
  });
  helloRoutes(app, { roster, signer, clock, software: 'mesh/1', secret });
  const nonces = new NonceCache({ sinceSeconds: () => 0 });
  app.use(
    '/api/mesh/v1/*',
    peerAuth({ self: self.id, roster, mayClaim: (id) => hostOf(id)?.enabled === true, keys, signer, nonces, clock }),
  );
  app.get('/api/mesh/v1/who', (c) => answerJson(c, { you: peerMessage(c).from }));
  const server = stack.use(await serveApp(app));
  urls.set(self.id, server.url);
  const who = (to: TestKey) =>
    transport.ask({
      to: to.id,
      method: 'GET',
      path: '/api/mesh/v1/who',
      lane: 'claims',
      answerMsMax: 5_000,
      answerBytesMax: 1_000,
      answerSignature: 'required',
    });
  return { who, keys, store, log, server, hellos: () => heard };
}

function belief(secret: string | undefined) {
  const hasSecret = secret !== undefined;
  return { hasSecret, believesLegacy: legacyBelief(hasSecret) };
}

const pinned = (key: TestKey) => ({ state: 'pinned', publicKey: key.key.text });

describe('two hosts that never met', () => {
  it('believe each other after one hello each way, begun by one question', async () => {
    const [here, there] = [await host(mac), await host(cloud)];
    expect(await here.who(cloud)).toEqual({ status: 200, body: { you: 'mac' } });
    expect(here.keys.status(cloud.id)).toEqual(pinned(cloud));
    expect(there.keys.status(mac.id)).toEqual(pinned(mac));
    expect([here.hellos(), there.hellos()]).toEqual([1, 1]);
    await there.who(mac);
    expect([here.hellos(), there.hellos()]).toEqual([1, 1]);
  });

  it('need no more than that, however much they have to say at once', async () => {
    const [here, there] = [await host(mac), await host(cloud)];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, turn) => (turn % 2 ? here.who(cloud) : there.who(mac))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect([here.hellos(), there.hellos()]).toEqual([1, 1]);
  });

  it('believe each other with the same secret', async () => {
    const secret = 'a secret of the operators';
    const here = await host(mac, { secret });
    await host(cloud, { secret });
    expect((await here.who(cloud)).body).toEqual({ you: 'mac' });
  });

  it.each([
    ['another secret', { secret: 'one secret of an operator' }, { secret: 'another secret of one' }],
    ['no secret on the other side', { secret: 'one secret of an operator' }, {}],
  ])('do not believe each other with %s, though both are on loopback', async (_, ours, theirs) => {
    const here = await host(mac, ours);
    await host(cloud, theirs);
    await expect(here.who(cloud)).rejects.toMatchObject({ code: 'peer_untrusted' });
    expect(here.keys.status(cloud.id)).toMatchObject({ state: 'untrusted', seenKey: cloud.key.text });
  });

  it('do not believe one side only: the host that does not know us refuses, and we learn why', async () => {
    const here = await host(mac);
    await host(cloud, { secret: 'only cloud has a secret' });
    await expect(here.who(cloud)).rejects.toMatchObject({
      code: 'peer_refused',
      message: expect.stringMatching(/^Host 'cloud': It refused the question \(401\).*MESH_SECRET/),
      extra: { reason: 'unknown_key' },
    });
  });
});

describe('a host that comes back', () => {
  it('with its pins needs no hello', async () => {
    const first = await host(mac);
    const there = await host(cloud);
    await first.who(cloud);
    const again = await host(mac, { store: new MemoryStore({ disk: first.store.snapshot() }) });
    expect((await again.who(cloud)).status).toBe(200);
    expect(there.hellos()).toBe(1);
  });

  it('with another key is refused both ways and shown', async () => {
    const here = await host(mac);
    await host(cloud);
    await here.who(cloud);
    const back = await host(cloud, { signer: reborn.signer });
    await expect(here.who(cloud)).rejects.toMatchObject({ code: 'peer_untrusted' });
    await until(() => here.keys.status(cloud.id).state === 'changed');
    expect(here.keys.status(cloud.id)).toMatchObject({ publicKey: cloud.key.text, seenKey: reborn.key.text });
    await expect(back.who(mac)).rejects.toMatchObject({ code: 'peer_refused', extra: { reason: 'forged' } });
  });
});

/** Lets sockets go on until it holds; the test's own time limit is the end of patience. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await clock.settle();
}

describe('a question over a connection of its own', () => {
  const call = (server: Pick<LoopbackServer, 'url'>) =>
    callOnce({ origin: server.url, target: '/', headers: {}, answerBytesMax: 100 }, new AbortController().signal);

  it('tells where the answer came from, and closes the connection', async () => {
    const server = stack.use(
      await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')),
    );
    const { status, address } = await call(server);
    expect([status, address]).toEqual([200, '127.0.0.1']);
    await server.emptied();
  });

  it('closes the connection when the answer is bad', async () => {
    const server = stack.use(await serveRaw((socket) => socket.write('nonsense\r\n')));
    await expect(call(server)).rejects.toMatchObject({ code: 'peer_unintelligible' });
    await server.emptied();
  });

  it('closes the connection when it is given up', async () => {
    const server = stack.use(await serveRaw(() => undefined));
    const giveUp = new AbortController();
    const asking = callOnce({ origin: server.url, target: '/', headers: {}, answerBytesMax: 100 }, giveUp.signal);
    await server.acceptedAtLeast(1);
    giveUp.abort(new Error('given up'));
    await expect(asking).rejects.toThrow('given up');
    await server.emptied();
  });

  it('fails when nobody listens', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
    await expect(call({ url: `http://127.0.0.1:${await promise}` })).rejects.toMatchObject({ code: 'peer_silent' });
  });
});
