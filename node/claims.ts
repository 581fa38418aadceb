// Which claims this node goes by: the mesh's own voters, or an engine that the operator names. One of the two, put behind one interface.

import { readClaimRecord, SharedTexts } from '../mesh/claims/claim-record-door.ts';
import { CLAIM_PREFIX, type ClaimRecords, emptyClaimRecords, engineWrite } from '../mesh/claims/claim-records.ts';
import type { ClaimStore } from '../mesh/claims/claim-store.ts';
import type { ClaimVoter } from '../mesh/claims/claim-voter.ts';
import type { Conversation } from '../mesh/claims/conversation.ts';
import type { Wish } from '../mesh/claims/messages.ts';
import { QuorumClaims } from '../mesh/claims/quorum-claims.ts';
import type { RegistryView } from '../mesh/claims/registry-view.ts';
import type { ClaimEngine } from '../mesh/engine/claim-engine.ts';
import { EngineClaims } from '../mesh/engine/engine-claims.ts';
import { MeshError } from '../mesh/errors.ts';
import type { MembershipView, Relation } from '../mesh/membership/claim-status.ts';
import type { HostId } from '../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../mesh/ports.ts';
import type { Roster } from '../mesh/roster.ts';
import type { Log } from './log.ts';
import type { Store } from './store/store.ts';

export interface OpenClaims extends AsyncDisposable {
  readonly store: ClaimStore;
  /** This host's part in the claims of others. */
  readonly voter: ClaimVoter;
  /** How a host stands to this mesh; absent with an engine, which knows no hosts. */
  relationTo?(host: HostId): Relation;
  /** Who votes; absent with an engine. */
  membership?(): MembershipView;
  /** What only an operator may decide; with an engine, who belongs to it is not decided here. */
  readonly commands: Pick<QuorumClaims, 'evict'> & Partial<Pick<QuorumClaims, 'recover' | 'join'>>;
  start(): void;
  /** Greets that host now; absent with an engine, which has nothing to say. */
  greet?(to: HostId): void;
  /** hosts.json was edited, or another of its hosts turned out to be no voter. */
  edited(roster: Roster): void;
}

export interface ClaimsOptions {
  readonly self: HostId;
  readonly roster: Roster;
  /** Peers that are listed, but take no part in the claims. */
  readonly isNoVoter: (id: HostId) => boolean;
  readonly engine: ClaimEngine | undefined;
  readonly registry: RegistryView;
  readonly store: Store;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Who carries greetings. */
  readonly conversation: Conversation;
  /** Told when what this host holds may not be its own any more. */
  readonly doubted: () => void;
}

/** Rejects with `store_failed` when a record of the claims can't be read. */
export async function openClaims(options: ClaimsOptions): Promise<OpenClaims> {
  const { self, roster, engine, registry, store, transport, clock, random } = options;
  const records = await loadClaimRecords(store);
  const log = (event: string, fields: Readonly<Record<string, unknown>>) => {
    options.log.info(event, fields);
  };
  if (engine !== undefined) {
    const claims = new EngineClaims({ self, engine, records, registry, journal: store, clock, log });
    let listed = roster;
    const evict = async (host: HostId) => {
      if (listed.get(host)?.enabled !== true) {
        await claims.evict(host);
        return { kind: 'done' } as const;
      }
      throw new MeshError(
        'invalid_request',
        `Host '${host}' is a member of the mesh: take it out of hosts.json first.`,
      );
    };
    await store.commit([engineWrite(engine.kind)]);
    return {
      store: claims,
      voter: noVoter(self, engine, options.log),
      commands: { evict },
      start: () => claims.start(),
      edited: (now) => {
        listed = now;
      },
      [Symbol.asyncDispose]: () => claims.stop(),
    };
  }
  const wish = wishOf(roster, options.isNoVoter);
  const claims = new QuorumClaims({
    ...{ self, wish, records, registry, journal: store, transport, clock, random, log },
    ...{ doubted: options.doubted, conversation: options.conversation },
  });
  return {
    store: claims,
    voter: claims,
    commands: claims,
    membership: () => claims.membership(),
    relationTo: (host) => claims.relationTo(host),
    greet: (to) => claims.greet(to),
    start: () => {
      claims.start();
      if (records.engine === undefined) return;
      // What was claimed meanwhile is known to no voter.
      options.doubted();
      store.commit([engineWrite(undefined)]).catch(() => undefined);
    },
    edited: (now) => claims.wish(wishOf(now, options.isNoVoter)),
    [Symbol.asyncDispose]: async () => claims.stop(),
  };
}

/** The answer to hosts that keep the claims themselves: with two ways to decide, both could give out one address. */
function noVoter(self: HostId, { kind }: ClaimEngine, log: Log): ClaimVoter {
  const told = new Set<HostId>();
  const refuse = async (from: HostId): Promise<never> => {
    if (!told.has(from)) log.warn('claims.kept_elsewhere', { hostId: from, kind });
    told.add(from);
    const message = `Host '${self}' keeps the claims in ${kind} (MESH_CLAIMS), not in the hosts' own votes. Set MESH_CLAIMS the same on every host.`;
    throw new MeshError('membership_mismatch', message);
  };
  return { receive: refuse, receiveQuestion: refuse };
}

async function loadClaimRecords(store: Store): Promise<ClaimRecords> {
  const [records, texts] = [emptyClaimRecords(), new SharedTexts()];
  for await (const page of store.load(CLAIM_PREFIX))
    for (const { key, value } of page) readClaimRecord(records, key, value, texts);
  return records;
}

/** What this operator wishes the mesh to be. */
function wishOf({ voters, hosts }: Roster, isNoVoter: (id: HostId) => boolean): Wish {
  const members = hosts.filter(({ enabled }) => enabled).map(({ id }) => id);
  return { voters: voters.filter((id) => !isNoVoter(id)), members: members.sort() };
}
