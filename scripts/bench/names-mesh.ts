// Three voters in one process, each with its store on the disk: the product's claims, its messages in their wire form, and no network between.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nextCore } from '../../mesh/claims/core.ts';
import { CLAIM_QUESTIONS_PATH } from '../../mesh/claims/peer-questions.ts';
import { QuorumClaims } from '../../mesh/claims/quorum-claims.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { PeerTransport } from '../../mesh/ports.ts';
import { emptyClaimRecords } from '../../mesh/state/claim-records.ts';
import type { CollectionTimes } from '../../mesh/state/core-state.ts';
import type { RegisterTable } from '../../mesh/state/register-table.ts';
import { claimMessageSchema, questionSchema } from '../../mesh/state/schemas.ts';
import { openStore } from '../../node/store/disk-store.ts';
import { pathsIn } from '../../node/store/paths.ts';
import type { Store } from '../../node/store/store.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';

const ASK_AGAIN_MS = 1_000;
const QUIET = { info: () => {}, warn: () => {}, error: () => {} };

interface Voter {
  readonly id: HostId;
  readonly claims: QuorumClaims;
  readonly store: Store;
  readonly directory: string;
  /** What its registry would hold. */
  readonly held: Map<AddressKey, Owner>;
  readonly registers: RegisterTable;
}

export interface DiskBytes {
  readonly database: number;
  /** Lengths, one a host, in octets. */
  readonly wals: readonly number[];
  readonly commitLog: number;
  readonly notes: number;
}

export class NamesMesh implements AsyncDisposable {
  readonly #voters = new Map<HostId, Voter>();
  readonly #parent: string;
  #claims = 0;

  private constructor(parent: string) {
    this.#parent = parent;
  }

  /** Resolves when the mesh has formed. `collecting`: when released names are collected. */
  static async open(parent: string, ids: readonly string[], collecting: CollectionTimes): Promise<NamesMesh> {
    const mesh = new NamesMesh(parent);
    const hosts = [...ids].sort() as HostId[];
    for (const id of hosts) await mesh.#add(id, hosts, collecting);
    for (const { claims } of mesh.#voters.values()) claims.start();
    while (![...mesh.#voters.values()].every(({ claims }) => claims.status().ready)) await systemClock.sleep(100);
    return mesh;
  }

  get hosts(): readonly HostId[] {
    return [...this.#voters.keys()];
  }

  /** Registers of each voter, in the order of `hosts`. */
  get registers(): readonly number[] {
    return [...this.#voters.values()].map(({ registers }) => registers.size);
  }

  /** Has these names claimed by that host, and then released, each durably, as its registry does. */
  async claimAndRelease(host: HostId, names: readonly string[]): Promise<void> {
    const { claims, store, held } = this.#voter(host);
    let wanted = this.#claimsOf(host, names);
    let claimed = await claims.claim(wanted);
    // On a busy machine a majority may not answer in time: then a client asks again.
    for (; claimed.kind !== 'held'; claimed = await claims.claim(wanted)) {
      await systemClock.sleep(ASK_AGAIN_MS);
      wanted = this.#claimsOf(host, names);
    }
    for (const { key, owner } of wanted) held.set(key, owner);
    await store.commit(claimed.intentsDone);
    const released = wanted.map(({ key, owner }) => ({ key, claimId: owner.claimId }));
    for (const { key } of released) held.delete(key);
    await store.commit(claims.releaseWrites(released));
    await claims.release(released);
  }

  /** Octets of all files of all hosts, by what they are. */
  async diskBytes(): Promise<DiskBytes> {
    const paths = [...this.#voters.values()].map(({ directory }) => pathsIn(directory));
    return {
      database: await bytesOf(paths.map(({ database }) => database)),
      wals: await Promise.all(paths.map(({ wal }) => bytesOf([wal]))),
      commitLog: await bytesOf(paths.flatMap(({ commitLog }) => commitLog)),
      notes: await bytesOf(paths.flatMap(({ commits, marker, acknowledged }) => [commits, marker, acknowledged])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { claims, store } of this.#voters.values()) {
      claims.stop();
      await store.close();
    }
    await rm(this.#parent, { recursive: true });
  }

  async #add(id: HostId, hosts: readonly HostId[], collecting: CollectionTimes): Promise<void> {
    const directory = join(this.#parent, id);
    const [store, records, held] = [await openStore({ directory, log: QUIET }), emptyClaimRecords(), new Map()];
    const claims = new QuorumClaims({
      core: nextCore({
        self: id,
        wish: { voters: hosts, members: hosts },
        records,
        registry: { holder: (key) => held.get(key), isEmpty: () => held.size === 0, keys: () => held.keys() },
        random: systemRandom,
        collecting,
      }),
      journal: store,
      transport: this.#transport(id),
      clock: systemClock,
      random: systemRandom,
      log: () => undefined,
      doubted: () => undefined,
    });
    this.#voters.set(id, { id, claims, store, directory, held, registers: records.registers });
  }

  #transport(from: HostId): PeerTransport {
    return {
      ask: async ({ to, path, body }) => {
        const { claims } = this.#voter(to);
        const sent = JSON.parse(JSON.stringify(body));
        const answer =
          path === CLAIM_QUESTIONS_PATH
            ? await claims.receiveQuestion(from, questionSchema.parse(sent))
            : await claims.receive(from, claimMessageSchema.parse(sent));
        return { status: 200, body: JSON.parse(JSON.stringify(answer)) };
      },
    };
  }

  #voter(id: HostId): Voter {
    const voter = this.#voters.get(id);
    if (voter === undefined) throw new Error(`There is no voter '${id}'.`);
    return voter;
  }

  #claimsOf(host: HostId, names: readonly string[]) {
    return names.map((name) => ({ key: name as AddressKey, owner: this.#owner(host) }));
  }

  #owner(hostId: HostId): Owner {
    this.#claims += 1;
    const agent = { agentId: 'agent' as AgentId, agentName: 'agent' };
    return {
      hostId,
      ...agent,
      claimId: `claim-${String(this.#claims).padStart(12, '0')}` as ClaimId,
      since: '2026-01-27T12:00:00.000Z',
    };
  }
}

async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = files.map((file) => stat(file).catch(() => ({ size: 0 })));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}
