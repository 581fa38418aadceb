// A link from mac to whatever listens as cloud, over real sockets on loopback; each test has its own. Time is virtual: a deadline passes when
// the test says so.
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import type { PeerRequest, PeerTransport } from '../../mesh/ports.ts';
import { answerJson } from '../../node/http/peers/answer-signature.ts';
import { peerAuth, peerMessage } from '../../node/http/peers/peer-auth.ts';
import { createShell } from '../../node/http/shell.ts';
import { createPeerTransport, type PeerTransportOptions } from '../../node/peers/peer-transport.ts';
import { type LoopbackServer, serveApp, serveRaw } from './loopback.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { systemAddresses } from './system-names.ts';
import { trustingHosts } from './trusting-hosts.ts';
import { VirtualClock } from './virtual-clock.ts';

export const { mac, cloud } = trustingHosts('mac', 'cloud');

export const ANSWER_MS = 5_000;
const bounds = { answerMsMax: ANSWER_MS, answerBytesMax: 10_000, answerSignature: 'required' } as const;
/** A question whose answer must be signed. */
export const required: PeerRequest = {
  ...{ to: cloud.id, method: 'POST', path: '/mesh/echo', body: { a: 1 } },
  ...bounds,
  lane: 'claims',
};
/** A question whose answer is signed where cloud's key is known. */
export const lookUp: PeerRequest = {
  ...bounds,
  to: cloud.id,
  lane: 'look-ups',
  method: 'GET',
  path: '/index',
  answerSignature: 'known-key',
};
/** mac knows no key of cloud. */
export const strangers: Partial<PeerTransportOptions> = { keys: { ...mac.keys, known: () => undefined } };

export class PeerLink {
  #stack = new AsyncDisposableStack();
  clock = new VirtualClock();

  constructor() {
    beforeEach(() => {
      this.#stack = new AsyncDisposableStack();
      this.clock = new VirtualClock();
    });
    afterEach(() => this.#stack.disposeAsync());
  }

  /** Ends with the test. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    return this.#stack.use(resource);
  }

  transportTo(server: Pick<LoopbackServer, 'url'>, change: Partial<PeerTransportOptions> = {}): PeerTransport {
    cloud.listensAt(server.url);
    const { id: self, roster, keys, signer } = mac;
    const hostOf = (id: HostId) => roster().get(id);
    const ports = { signer, clock: this.clock, random: seededRandom(1), addresses: systemAddresses };
    return this.use(createPeerTransport({ self, hostOf, keys, ...ports, ...change }));
  }

  async cloudServer(change: Partial<Parameters<typeof peerAuth>[0]> = {}): Promise<LoopbackServer> {
    const app = createShell(new RecordingLog());
    app.use('/mesh/*', peerAuth({ ...cloud.auth(this.clock), ...change }));
    app.on(['GET', 'POST'], '/mesh/echo', (c) =>
      answerJson(c, {
        from: peerMessage(c).from,
        body: Buffer.from(peerMessage(c).body).toString(),
        query: c.req.query(),
        headers: c.req.header(),
      }),
    );
    app.get('/mesh/conflict', (c) => c.json({ error: 'conflict' }, 409));
    app.get('/mesh/nothing', (c) => c.body(null, 204));
    app.get('/mesh/version', (c) => {
      c.header('etag', '"2"');
      return c.req.header('if-none-match') === '"2"' ? c.body(null, 304) : c.json({});
    });
    app.get('/mesh/text', (c) => c.text('not JSON'));
    app.get('/index', (c) => c.json({ federated: c.req.header('x-federated-query') ?? null }));
    return this.use(await serveApp(app));
  }

  async rawServer(converse: (socket: Socket, request: string) => unknown): Promise<LoopbackServer> {
    return this.use(await serveRaw(converse));
  }
}

/** `answered`, or the code and sentence of the refusal. */
export function outcome(asking: Promise<unknown>): Promise<unknown> {
  return asking.then(
    () => 'answered',
    (error: unknown) => {
      if (error instanceof MeshError) return { code: error.code, message: error.message };
      throw error;
    },
  );
}

export const failed = (code: string, message: RegExp = /^Host 'cloud'/) => ({
  code,
  message: expect.stringMatching(message),
});
