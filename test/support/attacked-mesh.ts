// Whole nodes, put together by the composition root with their real signatures, keys and greetings, in virtual time; and somebody between
// them, who sees every octet, may change it, and has no key and no secret.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { untilAborted } from '../../mesh/time/deadline.ts';
import { createNode, type MeshNode } from '../../node/node.ts';
import type { NodeOptions } from '../../node/node-ports.ts';
import type { WireAnswer, WireRequest } from '../../node/peers/connections/peer-exchange.ts';
import type { PeerKeys } from '../../node/peers/keys/peer-keys.ts';
import type { BelieveLegacy } from '../../node/peers/keys/trusted-network.ts';
import { createPeerTransport } from '../../node/peers/peer-transport.ts';
import { RosterWatch } from '../../node/peers/roster-watch.ts';
import { Secret } from '../../node/secret.ts';
import { SENDING_OFF } from '../../node/send/account.ts';
import { DiskBlobs } from '../../node/system/disk-blobs.ts';
import { BARE_CONFIG, NOTHING_OUTSIDE } from './bare-node.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { urlOf } from './roster-of.ts';
import { seededRandom } from './seeded-random.ts';
import { systemAddresses } from './system-names.ts';
import { testKeys } from './test-keys.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What of the nodes is other than the product's own; for tests of the tests. */
export interface PeerRules {
  readonly signer?: (signer: Signer) => Signer;
  readonly keys?: (keys: PeerKeys) => PeerKeys;
  readonly believesLegacy?: BelieveLegacy;
}

export interface AttackedMeshOptions {
  readonly rules?: PeerRules;
  readonly secret?: string | undefined;
  /** What an operator shows with each command; without it, no host takes any. */
  readonly token?: string;
  /** Where every answer seems to come from, as a socket says. */
  readonly address?: string;
  /** Hosts up to which everybody follows everybody, in place of the product's own bound. */
  readonly followedByAllMax?: number;
  /** Further members of a host's entry in hosts.json, as the file of `self` has it. */
  readonly entry?: (id: string, self: string) => Readonly<Record<string, unknown>>;
}

/** Somebody between `from` and the host at the request's URL; `pass` brings the real host's answer. */
export type Attack = (
  message: { readonly from: HostId; readonly to: HostId; readonly request: WireRequest },
  pass: (request: WireRequest) => Promise<WireAnswer>,
) => Promise<WireAnswer>;

interface Up {
  readonly node: MeshNode;
  readonly store: MemoryStore;
  readonly log: RecordingLog;
}

const CLAIM_MS = 8_000;
/** Turns of the event loop that messages under way are given before time goes on. */
const TURNS_MAX = 200;

function secretsOf({ token, secret }: Pick<AttackedMeshOptions, 'token' | 'secret'>): NodeOptions['secrets'] {
  return {
    token: token === undefined ? undefined : new Secret(token),
    readToken: undefined,
    meshSecret: secret === undefined ? undefined : new Secret(secret),
  };
}

/** Goes on only when no message is under way, or it waits for time itself. */
class PatientClock extends VirtualClock {
  underWay = 0;

  override async settle(): Promise<void> {
    await super.settle();
    for (let turn = 0; turn < TURNS_MAX && this.underWay > 0; turn += 1) await nextTurn();
    await super.settle();
  }
}

export class AttackedMesh implements AsyncDisposable {
  readonly clock = new PatientClock();
  attack: Attack = ({ request }, pass) => pass(request);
  readonly #options: AttackedMeshOptions;
  readonly #ids: readonly string[];
  readonly #directory: string;
  readonly #up = new Map<string, Up>();
  /** The disks of those that were stopped. */
  readonly #left = new Map<string, MemoryDisk>();
  #starts = 0;

  private constructor(ids: readonly string[], directory: string, options: AttackedMeshOptions) {
    this.#ids = ids;
    this.#directory = directory;
    this.#options = options;
  }

  /** Nobody is up yet. */
  static async of(ids: readonly string[], options: AttackedMeshOptions = {}): Promise<AttackedMesh> {
    return new AttackedMesh(ids, await mkdtemp(join(tmpdir(), 'mesh-attacked-')), options);
  }

  /** Starts a host, again on its disk when it was up before; on `disk` when that was put in its place. */
  async start(id: string, disk?: MemoryDisk): Promise<void> {
    const { rules = {}, entry, followedByAllMax } = this.#options;
    const { clock } = this;
    const before = this.diskOf(id);
    await this.stop(id);
    this.#starts += 1;
    const [log, random] = [new RecordingLog(), seededRandom(this.#starts)];
    const found = disk ?? before;
    const store = new MemoryStore(found === undefined ? {} : { disk: found });
    const hosts = this.#ids.map((host) => ({ id: host, url: urlOf(host), ...entry?.(host, id) }));
    const roster = new RosterWatch(JSON.stringify({ hosts }), { id, hostName: id }, log);
    const { self } = roster.current();
    const own = testKeys(id)[id]?.signer as Signer;
    const signer = rules.signer?.(own) ?? own;
    const wire = (request: WireRequest, signal: AbortSignal) => untilAborted(signal, this.#between(self.id, request));
    const starting = createNode(
      {
        config: BARE_CONFIG,
        secrets: secretsOf(this.#options),
        send: SENDING_OFF,
        roster,
        version: '1.2.3',
        followedByAllMax,
        listening: () => ({ ip: '127.0.0.1', port: 23_000 }),
      },
      {
        ...{ store, clock, random, log, signer },
        blobs: await DiskBlobs.open({ directory: join(this.#directory, id), clock, log }),
        ...NOTHING_OUTSIDE,
        engine: undefined,
        ...(rules.believesLegacy === undefined ? {} : { believesLegacy: rules.believesLegacy }),
        callOnce: async (call) => ({
          ...(await this.#between(self.id, { ...call, method: 'GET' })),
          address: this.#options.address ?? '10.0.0.7',
        }),
        transport: (keys, hostOf) =>
          createPeerTransport({
            ...{ self: self.id, hostOf, signer, clock, random, wire, addresses: systemAddresses },
            keys: rules.keys?.(keys) ?? keys,
          }),
      },
    );
    const node = await starting;
    this.#up.set(id, { node, store, log });
    const met = node.meet();
    await clock.advance(3_000);
    await met;
    node.start();
  }

  /** What is durable on a host's disk now, up or not. */
  diskOf(id: string): MemoryDisk | undefined {
    return this.#up.get(id)?.store.snapshot() ?? this.#left.get(id);
  }

  /** Nobody answers for this host any more. */
  async stop(id: string): Promise<void> {
    const up = this.#up.get(id);
    if (up === undefined) return;
    this.#up.delete(id);
    await up.node[Symbol.asyncDispose]();
    this.#left.set(id, up.store.snapshot());
  }

  async startAll(): Promise<void> {
    for (const id of this.#ids) await this.start(id);
    await this.clock.advance(15_000);
  }

  log(id: string): RecordingLog {
    return this.#host(id).log;
  }

  /** A client's claim of one address by a new agent; resolves with whether it was given. */
  async claim(id: string, address: string): Promise<boolean> {
    const tools = { email: { addresses: [{ address }] } };
    const asked = this.#host(id).node.registry.agents.create({ name: `${id}/${address.replace('@', '/')}`, tools });
    const given = asked.then(
      () => true,
      (error: unknown) => {
        if (error instanceof MeshError) return false;
        throw error;
      },
    );
    await this.clock.advance(CLAIM_MS);
    return given;
  }

  /** Virtual milliseconds until a client has the answer to its claim, which must be given. */
  async claimMs(id: string, address: string): Promise<number> {
    const startMs = this.clock.monotonicMs();
    const tools = { email: { addresses: [{ address }] } };
    const asked = this.#host(id).node.registry.agents.create({ name: `${id}/${address.replace('@', '/')}`, tools });
    const answered = asked.then(() => this.clock.monotonicMs() - startMs);
    const [tookMs] = await Promise.all([answered, this.clock.advance(CLAIM_MS)]);
    return tookMs;
  }

  /** Virtual milliseconds until a client has the answer to its question. */
  async askMs(id: string, path: string): Promise<number> {
    const startMs = this.clock.monotonicMs();
    const request = new Request(`${urlOf(id)}${path}`, { headers: { host: new URL(urlOf(id)).host } });
    const answered = async () => {
      await (await this.#host(id).node.fetch(request)).text();
      return this.clock.monotonicMs() - startMs;
    };
    const [tookMs] = await Promise.all([answered(), this.clock.advance(CLAIM_MS)]);
    return tookMs;
  }

  /** For an attack: an answer that never comes. Time goes on meanwhile. */
  hang(): Promise<never> {
    this.clock.underWay -= 1;
    return new Promise(() => undefined);
  }

  /** An operator's word; resolves with the status of its answer. */
  async command(id: string, path: string, body: unknown): Promise<number> {
    const authorization = `Bearer ${this.#options.token ?? ''}`;
    const headers = { host: new URL(urlOf(id)).host, 'content-type': 'application/json', authorization };
    const request = new Request(`${urlOf(id)}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const response = this.#host(id).node.fetch(request);
    await this.clock.advance(6_000);
    return (await response).status;
  }

  /** A client's question. */
  async ask<Body>(id: string, path: string): Promise<Body> {
    const request = new Request(`${urlOf(id)}${path}`, { headers: { host: new URL(urlOf(id)).host } });
    const response = this.#host(id).node.fetch(request);
    await this.clock.advance(6_000);
    return (await (await response).json()) as Body;
  }

  /** A client's federated look-up: who is named as the owner, and who as failed, with the reason. */
  async lookUp(id: string, address: string): Promise<{ owner: string | undefined; failures: Record<string, string> }> {
    const { emails, meta } = await this.ask<{
      emails: Record<string, { hostId: string }>;
      meta: { failures?: Record<string, string> };
    }>(id, `/api/agents/email-index?address=${encodeURIComponent(address)}&federated=true`);
    return { owner: emails[address]?.hostId, failures: meta.failures ?? {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { node } of this.#up.values()) await node[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #between(from: HostId, request: WireRequest): Promise<WireAnswer> {
    const to = this.#ids.find((id) => urlOf(id) === request.origin) as HostId;
    this.clock.underWay += 1;
    try {
      return await this.attack({ from, to, request }, (changed) => this.#deliver(to, changed));
    } finally {
      this.clock.underWay -= 1;
    }
  }

  async #deliver(to: HostId, { origin, method, target, headers, body }: WireRequest): Promise<WireAnswer> {
    const up = this.#up.get(to);
    if (up === undefined) throw new MeshError('peer_silent', `Nobody listens at ${origin}.`);
    const response = await up.node.fetch(
      new Request(origin + target, {
        method,
        headers: { ...headers, host: new URL(origin).host },
        ...(body?.byteLength ? { body: new Uint8Array(body) } : {}),
      }),
    );
    const octets = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, body: octets, field: (name) => response.headers.get(name) ?? undefined };
  }

  #host(id: string): Up {
    const up = this.#up.get(id);
    if (up === undefined) throw new Error(`Host '${id}' of this mesh is not up.`);
    return up;
  }
}
