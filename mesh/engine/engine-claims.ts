// The claims over a consensus engine in place of the mesh's own voters. The engine decides; here is what makes its answers claims: an
// intent is durable before the engine is asked, and what was not acknowledged is aborted, through restarts, for as long as it
// takes. While the engine is away nothing is claimed nor written down, and everything else goes on.
// It does not promise more than the engine: one that loses acknowledged writes loses claims.

import { MeshError } from '../errors.ts';
import { CLAIM_MS_MAX, CLAIMS_IN_HAND_MAX, GREETING_INTERVAL_MS, RELEASE_ANSWER_MS_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Clock, Journal, Write } from '../ports.ts';
import { type ClaimRecords, intentDone, intentWrite } from '../state/claim-records.ts';
import type {
  Claim,
  ClaimStatus,
  ClaimStore,
  Confirmed,
  Conflict,
  Held,
  Owners,
  Release,
  ReleasedClaim,
  Rival,
  Unavailable,
} from '../state/claim-store.ts';
import type { RegistryView } from '../state/registry-view.ts';
import { Alarms } from '../time/alarms.ts';
import { type DeadlineEnd, withDeadline, withinMs } from '../time/deadline.ts';
import type { ClaimEngine } from './claim-engine.ts';
import { ReleaseQueue } from './release-queue.ts';

/** With an engine: removing all claims of a host that is gone for good, some ten thousand of them. */
const EVICT_MS_MAX = 60_000;

/** Addresses that an engine is asked for until one is there. */
const KEYS_TRIED_MAX = 20;

export interface EngineClaimsOptions {
  readonly self: HostId;
  readonly engine: ClaimEngine;
  readonly records: Pick<ClaimRecords, 'intents'>;
  readonly registry: RegistryView;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * Claims that an engine decides. Each method keeps the promise of `ClaimStore`; a failure of the engine is an answer
 * (`unavailable`), and a failure of the journal rejects with `store_failed`. A claim is asked for during `CLAIM_MS_MAX` at most.
 */
export class EngineClaims implements ClaimStore {
  readonly #options: EngineClaimsOptions;
  readonly #alarms: Alarms;
  readonly #stopping = new AbortController();
  readonly #releases: ReleaseQueue;
  #inHand = 0;
  /** The question whether the engine is there, while it is under way. */
  #reaching: Promise<Unavailable | undefined> | undefined;
  /** Why the engine could not be asked last; `undefined` when it could. */
  #trouble: string | undefined = 'The engine was not asked yet.';
  /** Why this may be another engine than the one that has this host's addresses; `undefined` when it is that one, or there are none. */
  #doubt: string | undefined;
  #isKnown = false;

  constructor(options: EngineClaimsOptions) {
    this.#options = options;
    this.#alarms = new Alarms(options.clock);
    this.#releases = new ReleaseQueue({
      ask: (how, claims) => this.#ending((signal) => options.engine[how](claims, signal)),
      journal: options.journal,
      wait: (ms) => new Promise((resolve) => this.#alarms.set(ms, resolve)),
    });
  }

  /** Ends what a crash left of claims, and asks the engine now and then whether it is there. */
  start(): void {
    const left = [...this.#options.records.intents].map(([claimId, key]) => ({ claimId, key }));
    void this.#releases.end(left, 'abort');
    void this.#watch();
  }

  /** Gives up what the engine is asked, answers every later claim with `stopping`, and resolves when the engine is closed. */
  async stop(): Promise<void> {
    this.#alarms.stop();
    this.#stopping.abort();
    await this.#options.engine.close();
  }

  async claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    if (this.#stopping.signal.aborted) return unavailable('stopping', 'This node is stopping.');
    if (this.#inHand >= CLAIMS_IN_HAND_MAX)
      return unavailable('overloaded', `This host has ${CLAIMS_IN_HAND_MAX} claims in hand, its most.`);
    if (this.#releases.size >= CLAIMS_IN_HAND_MAX)
      return unavailable('overloaded', `This host has ${CLAIMS_IN_HAND_MAX} claims to release first, its most.`);
    this.#inHand += 1;
    try {
      return await this.#claim(claims);
    } finally {
      this.#inHand -= 1;
    }
  }

  releaseWrites(claims: readonly ReleasedClaim[]): readonly Write[] {
    return claims.map(intentWrite);
  }

  async release(claims: readonly ReleasedClaim[]): Promise<Release> {
    const released = this.#releases.end(claims, 'release').then((): Release => 'confirmed');
    return withinMs(this.#options.clock, RELEASE_ANSWER_MS_MAX, released, 'pending');
  }

  async confirm(claims: readonly Claim[]): Promise<Confirmed | Unavailable> {
    const rivals: Rival[] = [];
    try {
      for (const claim of claims) {
        const inTheWay = await this.#asking((signal) => this.#put([claim], signal));
        if (inTheWay !== undefined) rivals.push(inTheWay);
      }
      return { kind: 'confirmed', rivals };
    } catch (error) {
      return this.#away(error as Error);
    }
  }

  async ownersOf(keys: readonly AddressKey[]): Promise<Owners | Unavailable> {
    const { engine } = this.#options;
    const owners = new Map<AddressKey, Owner | null>();
    try {
      for (const key of keys) owners.set(key, await this.#asking((signal) => engine.read(key, signal)));
      return { kind: 'owners', owners, history: engine.kind };
    } catch (error) {
      return this.#away(error as Error);
    }
  }

  /**
   * Evicts a host that is gone for good, within `EVICT_MS_MAX`. Rejects with `uniqueness_unavailable` when that did not
   * succeed to the end; some addresses may be free then.
   */
  async evict(host: HostId): Promise<void> {
    try {
      await this.#asking((signal) => this.#options.engine.evict(host, signal), EVICT_MS_MAX);
    } catch (error) {
      this.#away(error as Error);
      throw new MeshError('uniqueness_unavailable', `${this.#trouble} Some of its addresses may be free; ask again.`);
    }
  }

  status(): ClaimStatus {
    const { kind } = this.#options.engine;
    const base = { kind, voters: [], required: 0, unsettled: this.#releases.size };
    if (this.#trouble !== undefined) return { ...base, ready: false, reason: 'engine_unavailable', why: this.#trouble };
    if (this.#doubt !== undefined) return { ...base, ready: false, reason: 'membership_mismatch', why: this.#doubt };
    return { ...base, ready: true };
  }

  async #claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    const { journal, clock } = this.#options;
    const endMs = clock.monotonicMs() + CLAIM_MS_MAX;
    // Asked by all at once while it is away, so that a claim which is refused anyway leaves nothing to be released.
    const away = this.#trouble === undefined ? undefined : await this.#reach();
    if (away !== undefined) return away;
    if (this.#doubt !== undefined) return unavailable('membership_mismatch', this.#doubt);
    const named = claims.map(({ key, owner: { claimId } }) => ({ key, claimId }));
    await journal.commit(named.map(intentWrite));
    try {
      const inTheWay = await this.#asking((signal) => this.#put(claims, signal), endMs - clock.monotonicMs());
      if (inTheWay === undefined) return { kind: 'held', intentsDone: named.map(({ claimId }) => intentDone(claimId)) };
      await journal.commit(named.map(({ claimId }) => intentDone(claimId)));
      return { kind: 'conflict', ...inTheWay, ...(this.#isVoid(inTheWay) ? { isLeftover: true } : {}) };
    } catch (error) {
      // It may have been put all the same.
      void this.#releases.end(named, 'abort');
      return this.#away(error as Error);
    }
  }

  /** Puts them, over whatever is left of claims of this very host that failed, or from before it lost its disk. */
  async #put(claims: readonly Claim[], signal: AbortSignal): ReturnType<ClaimEngine['put']> {
    const { engine } = this.#options;
    // The engine names one in the way at a time.
    for (let left = claims.length; ; left -= 1) {
      const found = await engine.put(claims, signal);
      if (found === undefined || left === 0 || !this.#isVoid(found)) return found;
      await engine.release([{ key: found.key, claimId: found.owner.claimId }], signal);
    }
  }

  #isVoid({ key, owner }: { readonly key: AddressKey; readonly owner: Owner }): boolean {
    const { self, registry } = this.#options;
    return owner.hostId === self && registry.holder(key)?.claimId !== owner.claimId;
  }

  async #ending(ask: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await this.#asking(ask);
    } catch (error) {
      this.#away(error as Error);
      throw error;
    }
  }

  /** Asks the engine, no longer than a claim may take. */
  async #asking<T>(ask: (signal: AbortSignal) => Promise<T>, msMax = CLAIM_MS_MAX): Promise<T> {
    const { clock, engine, log } = this.#options;
    const silent = (end: DeadlineEnd) =>
      new Error(end === 'late' ? `it did not answer within ${msMax} ms` : 'The node is stopping.');
    const answer = await withDeadline({ clock, ms: msMax, signals: [this.#stopping.signal], silent }, ask);
    if (this.#trouble !== undefined) log('claims.engine_reached', { kind: engine.kind });
    this.#trouble = undefined;
    return answer;
  }

  #away({ message }: Error): Unavailable {
    const { engine, log } = this.#options;
    const trouble = `The claims are kept by ${engine.kind}, which can't be asked now: ${message.replace(/[.\s]*$/, '.')}`;
    if (this.#trouble === undefined) log('claims.engine_lost', { kind: engine.kind, why: message });
    this.#trouble = trouble;
    return unavailable(this.#stopping.signal.aborted ? 'stopping' : 'engine_unavailable', trouble);
  }

  /** What stands in the way of claims; `undefined`: the engine is there. */
  #reach(): Promise<Unavailable | undefined> {
    this.#reaching ??= this.#asking((signal) => this.#meet(signal))
      .then(
        () => undefined,
        (error: Error) => this.#away(error),
      )
      .finally(() => {
        this.#reaching = undefined;
      });
    return this.#reaching;
  }

  /** Whether it is there; and at first, whether it is the engine that has what this host's registry holds. */
  async #meet(signal: AbortSignal): Promise<void> {
    const { engine, registry, log } = this.#options;
    await engine.ping(signal);
    if (this.#isKnown) return;
    const keys = [...registry.keys()];
    for (const key of keys.slice(0, KEYS_TRIED_MAX))
      if ((await engine.read(key, signal))?.claimId === registry.holder(key)?.claimId) {
        this.#isKnown = true;
        break;
      }
    this.#isKnown ||= keys.length === 0;
    if (!this.#isKnown && this.#doubt === undefined)
      log('claims.engine_unknown', { kind: engine.kind, addresses: keys.length });
    this.#doubt = this.#isKnown
      ? undefined
      : `None of the ${keys.length} addresses of this host is known to ${engine.kind}: they were claimed without it, or in another, and claims are not carried over; or this host was evicted. Start it with the MESH_CLAIMS that it had, or with an empty data directory.`;
  }

  async #watch(): Promise<void> {
    await this.#reach();
    this.#alarms.set(GREETING_INTERVAL_MS, () => void this.#watch());
  }
}

function unavailable(reason: Unavailable['reason'], message: string): Unavailable {
  return {
    kind: 'unavailable',
    reason,
    message: `${message} Nothing was claimed; try again.`,
    required: 0,
    reached: 0,
    hostsFailed: [],
  };
}
