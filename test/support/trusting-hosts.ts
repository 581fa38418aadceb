// Hosts that know each other's keys from the start, for tests of what they say rather than of how they met:
// `const { mac, cloud } = trustingHosts('mac', 'cloud')`. Give a host its real URL with `mac.listensAt(url)`.

import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { type Host, type Roster, rosterOf } from '../../mesh/roster.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { NonceCache } from '../../mesh/signature/nonces.ts';
import { type OutgoingRequest, type RequestParts, signRequest } from '../../mesh/signature/request.ts';
import type { PeerAuthOptions } from '../../node/http/peers/peer-auth.ts';
import type { PeerKeys } from '../../node/peers/keys/peer-keys.ts';
import { type TestKey, testKeys } from './test-keys.ts';

export interface TrustingHost {
  readonly id: HostId;
  readonly signer: Signer;
  readonly key: TestKey['key'];
  /** All the hosts, as this one sees them. */
  readonly roster: () => Roster;
  /** Knows the key of each, and nothing else. */
  readonly keys: PeerKeys;
  /** From now on all of them have this URL for it. */
  listensAt(url: string): void;
  /** What `peerAuth` needs on this host. */
  auth(clock: Clock): PeerAuthOptions;
  /** A request signed by this host, ready for `app.request` of the other. */
  request(to: HostId, what: SignedTestRequest, clock: Clock): Request;
}

export interface SignedTestRequest {
  readonly method?: 'GET' | 'POST';
  /** Path with query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Signed instead of what the other fields say. */
  readonly signedAs?: Partial<OutgoingRequest>;
}

let nonces = 0;

export function trustingHosts<Id extends string>(...ids: readonly Id[]): Readonly<Record<Id, TrustingHost>> {
  const keys: Readonly<Record<string, TestKey>> = testKeys(...ids);
  const urls = new Map<string, string>();
  const hosts = () => Object.values(keys).map(({ id }) => testHost(id, urls.get(id)));
  const known: PeerKeys = {
    known: (id) => keys[id]?.key,
    async learn(id) {
      const key = keys[id]?.key;
      if (!key) throw new Error(`'${id}' is none of the trusting hosts`);
      return { kind: 'known', key };
    },
    confirm: () => undefined,
    suspect: () => undefined,
    status: () => ({ state: 'configured' }),
    believesUnsigned: () => true,
    recheck: async () => undefined,
  };
  const trusting = ({ id, signer, key }: TestKey): TrustingHost => {
    const roster = () => rosterOf(hosts(), testHost(id, urls.get(id)));
    return {
      id,
      signer,
      key,
      roster,
      keys: known,
      listensAt: (url) => void urls.set(id, url),
      auth: (clock) => ({
        self: id,
        roster,
        mayClaim: (peer) => roster().get(peer)?.enabled === true,
        keys: known,
        signer,
        clock,
        nonces: new NonceCache({ sinceSeconds: () => 0 }),
      }),
      request: (to, what, clock) => signedTestRequest({ id, signer }, to, what, clock),
    };
  };
  return Object.fromEntries(Object.values(keys).map((key) => [key.id, trusting(key)])) as Record<Id, TrustingHost>;
}

/** A host as hosts.json would give it; port 9 answers nobody. */
export function testHost(id: HostId, url = `http://127.0.0.1:9`, change: Partial<Host> = {}): Host {
  return {
    id,
    name: `The ${id}`,
    url,
    enabled: true,
    voter: undefined,
    legacy: undefined,
    publicKey: undefined,
    aliases: [],
    entry: { id, url },
    ...change,
  };
}

/** The same for a sender of any key. */
export function signedTestRequest(
  { id, signer }: { readonly id: HostId; readonly signer: Signer },
  to: HostId,
  { method = 'GET', path, body, signedAs }: SignedTestRequest,
  clock: Clock,
): Request {
  nonces += 1;
  const bytes = body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body));
  const { headers } = signRequest(
    {
      method,
      target: path,
      from: id,
      to,
      body: bytes,
      createdSeconds: Math.floor(clock.wallMs() / 1_000),
      nonce: String(nonces).padStart(22, '0'),
      ...signedAs,
    },
    signer,
  );
  return new Request(`http://${to}.test${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: bytes }),
  });
}

/** What the answer to that request must be bound to, as its sender knows it. */
export function partsOf({ method, url, headers }: Request): RequestParts {
  const member = (name: string) => String(headers.get(name)).slice('mesh='.length);
  const { pathname, search } = new URL(url);
  return {
    method,
    target: pathname + search,
    digest: String(headers.get('content-digest')),
    params: member('signature-input'),
    signature: member('signature'),
  };
}
