// What the registry does around a claim: it locks the address, looks at home, asks hosts that only serve the look-up, asks the voters, and
// turns what the voters say into the answers of the API. How the voters decide stands in mesh/README.md,
// "How a claim is decided".

import { MeshError } from '../../mesh/errors.ts';
import { RETRY_AFTER_SECONDS } from '../../mesh/limits.ts';
import type { SpelledAddress } from '../../mesh/lookup/index-entry.ts';
import type { LegacyOwner } from '../../mesh/lookup/legacy-hosts.ts';
import type { AddressKey, ClaimId, EmailAddress } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Clock, Write } from '../../mesh/ports.ts';
import type { Claim, ClaimStore, Conflict, ReleasedClaim, Rival, Unavailable } from '../../mesh/state/claim-store.ts';
import { KeyedLock, tooManyChanges } from '../../mesh/time/keyed-lock.ts';
import type { NewUuid } from '../../mesh/uuid.ts';
import type { Log } from '../log.ts';
import type { NewClaim } from './address-list.ts';
import type { Agent, AgentAddress } from './agent.ts';
import type { AgentTable } from './agent-table.ts';
import { ownerOf } from './claims-view.ts';

/** For what an operator must mend first. */
const OPERATOR_RETRY_AFTER_SECONDS = 60;
/** Owners that the voters named lately, kept for the requests that waited meanwhile. */
const OWNERS_REMEMBERED_MAX = 10_000;

export interface AddressClaimsPorts {
  readonly claims: ClaimStore;
  readonly legacy: LegacyOwners;
  readonly table: AgentTable;
  readonly clock: Clock;
  readonly newUuid: NewUuid;
  readonly log: Log;
}

/** What peers that take no part in the claims say of addresses. */
export interface LegacyOwners {
  /** An agent of theirs that has one of the addresses. Throws `uniqueness_unavailable`. */
  ownerOf(addresses: readonly SpelledAddress[]): Promise<LegacyOwner | undefined>;
  /** The addresses were claimed here: these peers are asked about them once more, later. */
  claimed(addresses: readonly SpelledAddress[]): void;
}

/** What a claim must know of the request that it is made for. */
export interface ClaimRequest {
  /** When it came, milliseconds of the monotonic clock. */
  readonly askedMs: number;
  /** The request's text for each address. */
  readonly given: ReadonlyMap<AddressKey, string>;
}

/** A claim that is not done yet. */
export interface PendingClaim {
  readonly agent: Agent;
  readonly entry: AgentAddress;
}

type Addresses = readonly AgentAddress[];

export class AddressClaims {
  readonly #ports: AddressClaimsPorts;
  readonly #locks: KeyedLock;
  /** Claims that are not done. Hosts that only serve the look-up see these addresses as taken. */
  readonly #pending = new Map<AddressKey, PendingClaim>();
  /** Whom the voters named as owner, and when; the latest last. */
  readonly #named = new Map<AddressKey, { readonly owner: Owner; readonly atMs: number }>();

  constructor(ports: AddressClaimsPorts) {
    this.#ports = ports;
    this.#locks = new KeyedLock({ clock: ports.clock, refusal: tooManyChanges('address') });
  }

  /** A claim of this moment, not yet made. */
  newClaim = (): NewClaim => ({
    claimId: this.#ports.newUuid() as ClaimId,
    since: new Date(this.#ports.clock.wallMs()).toISOString(),
  });

  /** Locks these addresses until the result is disposed of. Throws `overloaded` at `untilMs` of the monotonic clock. */
  async lock(addresses: Addresses, untilMs: number): Promise<Disposable> {
    const keys = addresses.map((entry) => entry.key);
    const locked = await this.#locks.lockAll(keys, untilMs);
    return {
      [Symbol.dispose]: () => {
        for (const key of keys) this.#pending.delete(key);
        locked[Symbol.dispose]();
      },
    };
  }

  /** This host's claim of the address, while the claim is not done yet. */
  pending(key: AddressKey): PendingClaim | undefined {
    return this.#pending.get(key);
  }

  /**
   * Claims all of them for `agent`, or none. Resolves with the records that its commit must contain. Throws `conflict` or
   * `uniqueness_unavailable`. The caller has locked the addresses.
   */
  async claim(agent: Agent, gained: Addresses, { askedMs, given }: ClaimRequest): Promise<readonly Write[]> {
    if (gained.length === 0) return [];
    for (const { address, key } of gained) {
      const owner = this.#ownerHere(key) ?? this.#ownerSince(key, askedMs);
      if (owner !== undefined) throw conflictOver(address, owner);
    }
    const { claims, legacy } = this.#ports;
    for (const entry of gained) this.#pending.set(entry.key, { agent, entry });
    const spelled = gained.map(({ address, key }) => ({ address, key, given: given.get(key) }));
    const theirs = await legacy.ownerOf(spelled);
    if (theirs !== undefined) throw conflictOver(theirs.key, theirs);
    const outcome = await claims.claim(gained.map((entry) => claimOf(agent, entry)));
    if (outcome.kind === 'held') {
      legacy.claimed(spelled);
      return outcome.intentsDone;
    }
    if (outcome.kind === 'unavailable') throw this.#unavailable(agent, gained, outcome);
    throw this.#conflict(agent, gained, outcome);
  }

  /**
   * The owner that the voters named after this request had come, while the request waited for the lock. The voters' answer holds for this
   * request as well, so many who want one address at once cost one round of questions.
   */
  #ownerSince(key: AddressKey, askedMs: number): Owner | undefined {
    const known = this.#named.get(key);
    return known !== undefined && known.atMs >= askedMs ? known.owner : undefined;
  }

  /** The agent of this host that holds the address, as an owner. */
  #ownerHere(key: AddressKey): ConflictOwner | undefined {
    const agent = this.#ports.table.holderOf(key);
    const claimId = agent?.addresses.find((entry) => entry.key === key)?.claimId;
    return agent === undefined || claimId === undefined
      ? undefined
      : { agentName: agent.name, hostId: agent.hostId, claimId };
  }

  #remember(key: AddressKey, owner: Owner): void {
    this.#named.delete(key);
    this.#named.set(key, { owner, atMs: this.#ports.clock.monotonicMs() });
    const [oldest] = this.#named.keys();
    if (this.#named.size > OWNERS_REMEMBERED_MAX && oldest !== undefined) this.#named.delete(oldest);
  }

  /** Asks the voters about addresses that `agent` holds. Resolves with those that others claim too. Throws `uniqueness_unavailable`. */
  async confirm(held: readonly { readonly agent: Agent; readonly entry: AgentAddress }[]): Promise<readonly Rival[]> {
    const outcome = await this.#ports.claims.confirm(held.map(({ agent, entry }) => claimOf(agent, entry)));
    if (outcome.kind === 'confirmed') return outcome.rivals;
    throw unavailableBecause(outcome);
  }

  /** The writes that belong into the commit that gives these addresses up: with them the release goes on after a crash. */
  releaseWrites(lost: Addresses): readonly Write[] {
    return lost.length === 0 ? [] : this.#ports.claims.releaseWrites(lost.map(claimNamed));
  }

  /** Releases the addresses, after that commit. Resolves with those whose release the voters have not confirmed. */
  async release(lost: Addresses): Promise<readonly EmailAddress[]> {
    if (lost.length === 0 || (await this.#ports.claims.release(lost.map(claimNamed))) === 'confirmed') return [];
    const addresses = lost.map((entry) => entry.address);
    this.#ports.log.warn('release.pending', { addresses });
    return addresses;
  }

  #conflict(agent: Agent, gained: Addresses, { key, owner, isLeftover }: Conflict): MeshError {
    const address = gained.find((entry) => entry.key === key)?.address ?? key;
    this.#ports.log.info('claim.refused', { agentId: agent.id, address, owner });
    if (isLeftover !== true) {
      this.#remember(key, owner);
      return conflictOver(address, owner);
    }
    const { required } = this.#ports.claims.status();
    return unavailableBecause({
      message: `An earlier claim of ${address} by this host has not ended yet. Try again.`,
      // Said on the wire since the first version: a release or an abort of this host is not confirmed yet.
      reason: 'settling',
      required,
      reached: required,
      hostsFailed: [],
    });
  }

  #unavailable(agent: Agent, gained: Addresses, { kind, ...why }: Unavailable): MeshError {
    this.#ports.log.warn('claim.unavailable', { agentId: agent.id, ...why });
    return unavailableBecause(
      why,
      gained.map(({ claimId }) => claimId),
    );
  }
}

function claimOf(agent: Agent, { key, claimId, since }: AgentAddress): Claim {
  return { key, owner: ownerOf(agent, { claimId, since }) };
}

function claimNamed({ key, claimId }: AgentAddress): ReleasedClaim {
  return { key, claimId };
}

/** `claimId` is absent for an owner on a host that takes no part in the claims. */
type ConflictOwner = Pick<Owner, 'agentName' | 'hostId'> & Partial<Pick<Owner, 'claimId'>>;

/** `claimId`: of the claim that holds the address; told as `Mesh-Claim-Id`. */
function conflictOver(address: string, { agentName, hostId, claimId }: ConflictOwner): MeshError {
  return new MeshError('conflict', `Email address ${address} is already claimed`, {
    extra: { claimedBy: { agentName, hostId } },
    claimIds: claimId === undefined ? [] : [claimId],
  });
}

type Why = Pick<Unavailable, 'message' | 'required' | 'reached' | 'hostsFailed'> & { readonly reason: string };

/** `claimIds`: of the claims that were tried. Should one of them have been made, it is released in the background. */
function unavailableBecause(
  { message, reason, required, reached, hostsFailed }: Why,
  claimIds: readonly string[] = [],
): MeshError {
  return new MeshError('uniqueness_unavailable', message, {
    extra: { reason, required, reached, hostsFailed },
    retryAfterSeconds: reason === 'membership_mismatch' ? OPERATOR_RETRY_AFTER_SECONDS : RETRY_AFTER_SECONDS,
    claimIds,
  });
}
