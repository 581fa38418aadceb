// Which claims this node goes by: the mesh's own voters, or an engine that the operator names. One of the two, put behind one interface.

import type { ClaimVoter } from '../mesh/claims/claim-voter.ts';
import type { Conversation } from '../mesh/claims/conversation.ts';
import { nextCore } from '../mesh/claims/core.ts';
import { QuorumClaims } from '../mesh/claims/quorum-claims.ts';
import type { ClaimEngine } from '../mesh/engine/claim-engine.ts';
import { EngineClaims } from '../mesh/engine/engine-claims.ts';
import { MeshError } from '../mesh/errors.ts';
import { type MembershipView, type Relation, statusOf } from '../mesh/membership/claim-status.ts';
import type { HostId } from '../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../mesh/ports.ts';
import type { Roster } from '../mesh/roster.ts';
import { readClaimRecord, readPackedRegisters } from '../mesh/state/claim-record-door.ts';
import {
  CLAIM_PREFIX,
  type ClaimRecords,
  emptyClaimRecords,
  engineWrite,
  REGISTER,
} from '../mesh/state/claim-records.ts';
import type { ClaimStore } from '../mesh/state/claim-store.ts';
import type { CoreState } from '../mesh/state/core-state.ts';
import { votersOf } from '../mesh/state/electorate.ts';
import type { DoubtCause } from '../mesh/state/events.ts';
import type { Wish } from '../mesh/state/messages.ts';
import { STORED_REGISTER } from '../mesh/state/register-table.ts';
import type { RegistryView } from '../mesh/state/registry-view.ts';
import { startNameOf } from '../mesh/state/starts.ts';
import type { Log } from './log.ts';
import { ignoreFailedStore } from './store/refusals.ts';
import type { Store } from './store/store.ts';

/** Unpredictable octets in the name of a start that no register knows. */
const START_BYTES = 16;

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
  /** The start of this node, as text; `undefined` while nobody may be told of it. */
  startName(): string | undefined;
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
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What claims need once this host can ask its peers. */
interface ClaimLinks {
  readonly transport: PeerTransport;
  /** Who carries greetings. */
  readonly conversation: Conversation;
  /** Told when the voters may not know what this host holds. */
  readonly doubted: (why: DoubtCause) => void;
}

/** The claims as this host's disk has them, before any peer is asked. */
export interface LoadedClaims extends Pick<OpenClaims, 'startName'> {
  /** Who votes, as far as it is known; none with an engine. */
  voters(): readonly HostId[];
  /** Whether no mesh is known yet; never so with an engine. */
  isForming(): boolean;
  /** Whether a claim could be decided now, by what was heard of the voters; always so with an engine, which nobody votes on. */
  isReady(): boolean;
  /** Opens the claims, once. Rejects with `store_failed`. */
  open(links: ClaimLinks): Promise<OpenClaims>;
}

/** Rejects with `store_failed` when a record of the claims can't be read. */
export async function loadClaims(options: ClaimsOptions): Promise<LoadedClaims> {
  const records = await loadClaimRecords(options.store);
  const { engine } = options;
  return engine === undefined ? loadQuorumClaims(options, records) : loadEngineClaims(options, engine, records);
}

function loadQuorumClaims(options: ClaimsOptions, records: ClaimRecords): LoadedClaims {
  const { self, roster, registry, random, isNoVoter } = options;
  const core = nextCore({ self, wish: wishOf(roster, isNoVoter), records, registry, random });
  return {
    startName: () => startNameOf(core.membership.starts),
    voters: () => votersOf(core),
    isForming: () => core.membership.config === undefined,
    isReady: () => statusOf(core).ready,
    open: async (links) => openQuorumClaims(core, options, { ...links, wasEngine: records.engine !== undefined }),
  };
}

/** `wasEngine`: an engine kept the claims when this host ran the last time. */
function openQuorumClaims(
  core: CoreState,
  { store, clock, random, log, isNoVoter }: ClaimsOptions,
  { transport, conversation, doubted, wasEngine }: ClaimLinks & { readonly wasEngine: boolean },
): OpenClaims {
  const claims = new QuorumClaims({
    core,
    journal: store,
    transport,
    clock,
    random,
    log: infoLog(log),
    doubted,
    conversation,
  });
  return {
    store: claims,
    voter: claims,
    commands: claims,
    membership: () => claims.membership(),
    relationTo: (host) => claims.relationTo(host),
    greet: (to) => claims.greet(to),
    startName: () => claims.startName(),
    start: () => {
      claims.start();
      if (!wasEngine) return;
      doubted('left_engine');
      store.commit([engineWrite(undefined)]).catch(ignoreFailedStore);
    },
    edited: (now) => claims.wish(wishOf(now, isNoVoter)),
    [Symbol.asyncDispose]: async () => claims.stop(),
  };
}

function loadEngineClaims(options: ClaimsOptions, engine: ClaimEngine, records: ClaimRecords): LoadedClaims {
  const name = Buffer.from(options.random.bytes(START_BYTES)).toString('hex');
  const startName = () => name;
  return {
    startName,
    voters: () => [],
    isForming: () => false,
    isReady: () => true,
    open: () => openEngineClaims(options, engine, records, startName),
  };
}

async function openEngineClaims(
  { self, roster, registry, store, clock, log }: ClaimsOptions,
  engine: ClaimEngine,
  records: ClaimRecords,
  startName: () => string,
): Promise<OpenClaims> {
  const claims = new EngineClaims({ self, engine, records, registry, journal: store, clock, log: infoLog(log) });
  let listed = roster;
  const evict = async (host: HostId) => {
    if (listed.get(host)?.enabled === true)
      throw new MeshError(
        'invalid_request',
        `Host '${host}' is a member of the mesh: take it out of hosts.json first.`,
      );
    await claims.evict(host);
    return { kind: 'done' } as const;
  };
  await store.commit([engineWrite(engine.kind)]);
  return {
    store: claims,
    voter: noVoter(self, engine, log),
    commands: { evict },
    start: () => claims.start(),
    startName,
    edited: (now) => {
      listed = now;
    },
    [Symbol.asyncDispose]: () => claims.stop(),
  };
}

function infoLog(log: Log): (event: string, fields: Readonly<Record<string, unknown>>) => void {
  return (event, fields) => log.info(event, fields);
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
  const records = emptyClaimRecords();
  for await (const page of store.loadPacked(CLAIM_PREFIX, { under: REGISTER, ...STORED_REGISTER })) {
    readPackedRegisters(records, page.packed, page.gone);
    for (const record of page.others) readClaimRecord(records, record);
  }
  return records;
}

/** What this operator wishes the mesh to be. */
function wishOf({ voters, hosts }: Roster, isNoVoter: (id: HostId) => boolean): Wish {
  const members = hosts.filter(({ enabled }) => enabled).map(({ id }) => id);
  return { voters: voters.filter((id) => !isNoVoter(id)), members: members.sort() };
}
