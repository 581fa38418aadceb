// The claims in etcd, over its JSON gateway: one transaction puts what is free, another removes what is still the same. No leases: a
// paused process would outlive its own. Formats: etcd's `rpc.proto`, keys and values in base64.
// A put that was sent to an endpoint that hung may come to be carried out long after the claim was put by another, and released: so
// what was released or aborted is marked, and a put of it is refused.
import type { LookupFunction } from 'node:net';
import { z } from 'zod';
import type { ClaimEngine } from '../../mesh/engine/claim-engine.ts';
import { MeshError } from '../../mesh/errors.ts';
import { parseForeignJson } from '../../mesh/json/foreign-json.ts';
import type { AddressKey, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Claim, ReleasedClaim } from '../../mesh/state/claim-store.ts';
import { ownerSchema } from '../../mesh/state/schemas.ts';
import { readCertificates } from '../machine/certificates.ts';
import { isThisMachine } from '../machine/this-machine.ts';
import { EtcdGateway, type Login } from './etcd-gateway.ts';

const CLAIM_PREFIX = 'agent-email-mesh/claims/';
/** The first key after those of all claims: '0' follows '/'. */
const CLAIMS_END = base64('agent-email-mesh/claims0');
/** A mark says that a claim has ended, whether or not it was ever put. A put of a marked claim is refused. The
 * key says `abandoned` for a release and for an abort: it was stored so by the first version, and all hosts must look for the same. */
const ENDED_MARK_PREFIX = 'agent-email-mesh/abandoned/';
/** This is far longer than a request can be under way. Afterwards etcd forgets the mark by itself. */
const ENDED_MARK_SECONDS = 25 * 60 * 60;
/** Marks that are made within this long share a lease. */
const SHARED_LEASE_MS = 60 * 60 * 1_000;
/** Half of the operations that etcd takes in one transaction: a removal and a mark for each claim. */
const CLAIMS_PER_TXN_MAX = 64;
const PAGE_CLAIMS_MAX = 500;

const pair = z.object({ key: z.string(), value: z.string(), mod_revision: z.string() });
const granted = z.object({ ID: z.string() });
const range = z.object({ kvs: z.array(pair).optional() });
const txn = z.object({
  succeeded: z.boolean().optional(),
  responses: z.array(z.object({ response_range: range.optional() })).optional(),
});

interface Found {
  /** The name as etcd has it, in base64. */
  readonly name: string;
  readonly revision: string;
  readonly owner: Owner;
}

export interface EtcdPorts {
  readonly clock: Clock;
  /** The look-up of the engine's names; the system's when absent. */
  readonly lookup?: LookupFunction;
}

/** `etcd://[user:password@]host:port[,host:port…][?tls=true&ca=FILE]`. Throws a sentence without the password. */
export async function openEtcd(text: string, { clock, lookup }: EtcdPorts): Promise<ClaimEngine> {
  const match = /^etcd:\/\/(?:([^:@/]*):([^@/]*)@)?([^/?@]+)\/?(?:\?(.*))?$/.exec(text);
  const wrong = (why: string) =>
    new MeshError(
      'invalid_request',
      `MESH_CLAIMS ${why}; it is etcd://[user:password@]host:port[,host:port…][?tls=true&ca=FILE].`,
    );
  if (match === null) throw wrong('is not a URL of etcd');
  const [, user, password, hosts = '', query = ''] = match;
  const options = new URLSearchParams(query);
  for (const name of options.keys()) if (!['tls', 'ca'].includes(name)) throw wrong(`has an unknown option '${name}'`);
  const isTls = options.get('tls') === 'true' || options.has('ca');
  const urls = hosts.split(',').map((host) => `${isTls ? 'https' : 'http'}://${host}`);
  if (!urls.every((url) => URL.canParse(url))) throw wrong(`has a host that is none`);
  const origins = urls.map((url) => new URL(url).origin);
  if (user !== undefined && !isTls && !origins.every((origin) => isThisMachine(new URL(origin).hostname)))
    throw wrong('has a password that would go out in clear text: add ?tls=true');
  const file = options.get('ca');
  const ca = file === null ? undefined : certificatesIn(file, wrong);
  const login = user === undefined ? undefined : loginOf(user, password ?? '', wrong);
  return new EtcdEngine(new EtcdGateway({ clock, origins, login, ca, lookup }));
}

type Wrong = (why: string) => MeshError;

function certificatesIn(file: string, wrong: Wrong): string {
  try {
    return readCertificates(file);
  } catch (cause) {
    throw wrong(`has a ca that can't be used: ${(cause as Error).message}`);
  }
}

function loginOf(user: string, password: string, wrong: Wrong): Login {
  try {
    return { name: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch {
    // The error itself would say less, and not where.
    throw wrong('has a user or password with a % that begins no %XX; write a % as %25');
  }
}

class EtcdEngine implements ClaimEngine {
  readonly kind = 'etcd';
  readonly #gateway: EtcdGateway;
  /** What marks go by, and when it was granted; by the wall, for a machine that sleeps does not count the time. */
  #lease: { readonly id: string; readonly sinceMs: number } | undefined;

  constructor(gateway: EtcdGateway) {
    this.#gateway = gateway;
  }

  async put(claims: readonly Claim[], signal: AbortSignal) {
    const { answer, mayComeAgain } = await this.#txn(
      {
        compare: claims.flatMap(({ key, owner }) => [isAbsent(keyOf(key)), isAbsent(endedMarkKey(owner.claimId))]),
        success: claims.map(({ key, owner }) => ({
          request_put: { key: keyOf(key), value: base64(JSON.stringify(owner)) },
        })),
        failure: claims.map(({ key }) => ({ request_range: { key: keyOf(key) } })),
      },
      signal,
    );
    if (answer.succeeded === true) return undefined;
    for (const [at, { key, owner }] of claims.entries()) {
      const found = answer.responses?.[at]?.response_range?.kvs?.[0];
      // A put that was not heard of is ours all the same: all of them were put, or none.
      if (found === undefined || ownerOf(found.value).claimId === owner.claimId) continue;
      // The other may release it before the endpoint that hung wakes.
      if (mayComeAgain)
        await this.#mark(
          claims.map((claim) => claim.owner.claimId),
          signal,
        );
      return { key, owner: ownerOf(found.value) };
    }
    const isAll = claims.every((_, at) => answer.responses?.[at]?.response_range?.kvs?.[0] !== undefined);
    if (isAll) return undefined;
    throw new Error('etcd put none of them: they were aborted before they came');
  }

  async release(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void> {
    for (const some of inTxns(claims)) {
      const reads = some.map(({ key }) => ({ request_range: { key: keyOf(key) } }));
      const { responses = [] } = (await this.#txn({ success: reads }, signal)).answer;
      const there = some.flatMap(({ claimId }, at) =>
        (responses[at]?.response_range?.kvs ?? []).map(foundIn).filter(({ owner }) => owner.claimId === claimId),
      );
      await this.#delete(there, signal);
    }
  }

  async abort(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void> {
    for (const some of inTxns(claims))
      await this.#mark(
        some.map(({ claimId }) => claimId),
        signal,
      );
    await this.release(claims, signal);
  }

  async evict(host: HostId, signal: AbortSignal): Promise<void> {
    let from: string | undefined = base64(CLAIM_PREFIX);
    while (from !== undefined) {
      const page: readonly Found[] = await this.#range(
        { key: from, range_end: CLAIMS_END, limit: PAGE_CLAIMS_MAX },
        signal,
      );
      for (const some of inTxns(page.filter(({ owner }) => owner.hostId === host))) await this.#delete(some, signal);
      const last = page.length < PAGE_CLAIMS_MAX ? undefined : page.at(-1);
      // The least key above it.
      from = last && base64(`${Buffer.from(last.name, 'base64').toString('utf8')}\0`);
    }
  }

  async read(key: AddressKey, signal: AbortSignal): Promise<Owner | null> {
    const found = (await this.#range({ key: keyOf(key) }, signal))[0];
    return found === undefined ? null : found.owner;
  }

  async ping(signal: AbortSignal): Promise<void> {
    // Linearizable, so it takes a majority of etcd's members.
    await this.#range({ key: keyOf('?' as AddressKey) }, signal);
  }

  close(): Promise<void> {
    return this.#gateway.close();
  }

  /** Deletes the keys that are still as they were found; what was put in their place since is not ours. */
  async #delete(found: readonly Found[], signal: AbortSignal): Promise<void> {
    if (found.length === 0) return;
    const compare = found.map(({ name, revision }) => ({
      key: name,
      target: 'MOD',
      result: 'EQUAL',
      mod_revision: revision,
    }));
    const deletes = found.map(({ name }) => ({ request_delete_range: { key: name } }));
    const marks = await this.#newMarks(
      found.map(({ owner }) => owner.claimId),
      signal,
    );
    const { answer } = await this.#txnWithMarks({ compare, success: [...deletes, ...marks] }, signal);
    if (answer.succeeded !== true && found.length > 1) for (const one of found) await this.#delete([one], signal);
  }

  async #mark(claimIds: readonly ClaimId[], signal: AbortSignal): Promise<void> {
    await this.#txnWithMarks({ success: await this.#newMarks(claimIds, signal) }, signal);
  }

  async #newMarks(claimIds: readonly ClaimId[], signal: AbortSignal) {
    const sinceMs = Date.now();
    const isOld = this.#lease === undefined || Math.abs(sinceMs - this.#lease.sinceMs) > SHARED_LEASE_MS;
    if (this.#lease === undefined || isOld) {
      const { answer } = await this.#gateway.ask('/v3/lease/grant', { TTL: String(ENDED_MARK_SECONDS) }, signal);
      this.#lease = { id: granted.parse(answer).ID, sinceMs };
    }
    const { id: lease } = this.#lease;
    return claimIds.map((claimId) => ({ request_put: { key: endedMarkKey(claimId), value: '', lease } }));
  }

  /** etcd may have lost the lease, restored from a backup: then the next question is granted another. */
  async #txnWithMarks(body: unknown, signal: AbortSignal) {
    return this.#txn(body, signal).catch((error: unknown) => {
      this.#lease = undefined;
      throw error;
    });
  }

  async #range(body: unknown, signal: AbortSignal): Promise<readonly Found[]> {
    const { answer } = await this.#gateway.ask('/v3/kv/range', body, signal);
    return (range.parse(answer).kvs ?? []).map(foundIn);
  }

  async #txn(body: unknown, signal: AbortSignal) {
    const { answer, mayComeAgain } = await this.#gateway.ask('/v3/kv/txn', body, signal);
    return { answer: txn.parse(answer), mayComeAgain };
  }
}

function inTxns<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / CLAIMS_PER_TXN_MAX);
  return Array.from({ length: count }, (_, at) => items.slice(at * CLAIMS_PER_TXN_MAX, (at + 1) * CLAIMS_PER_TXN_MAX));
}

function isAbsent(key: string) {
  return { key, target: 'CREATE', result: 'EQUAL', create_revision: '0' };
}

function endedMarkKey(claimId: ClaimId): string {
  return base64(ENDED_MARK_PREFIX + claimId);
}

function keyOf(key: AddressKey): string {
  return base64(CLAIM_PREFIX + key);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function foundIn({ key, value, mod_revision }: z.infer<typeof pair>): Found {
  return { name: key, revision: mod_revision, owner: ownerOf(value) };
}

function ownerOf(value: string): Owner {
  return ownerSchema.parse(parseForeignJson(Buffer.from(value, 'base64').toString('utf8')));
}
