// The claims over a consensus engine in place of the mesh's own voters. The engine decides; here is what makes its answers claims: an
// intent is durable before the engine is asked, and what was not acknowledged is given back, through restarts, for as long as it
// takes. While the engine is away nothing is claimed, and everything else goes on.
// It does not promise more than the engine: one that loses acknowledged writes loses claims.
import { Alarms } from '../alarms.ts';
import {
  CLAIM_MS_MAX,
  CLAIMS_IN_HAND_MAX,
  GREETING_INTERVAL_MS,
  KEYS_PER_MESSAGE_MAX,
  RELEASE_ANSWER_MS_MAX,
  SETTLE_RETRY_MS,
} from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Clock, Journal, Write } from '../ports.ts';
import type { ClaimEngine } from './claim-engine.ts';
import type {
  Claim,
  ClaimStatus,
  ClaimStore,
  Confirmed,
  Conflict,
  Held,
  Owner,
  Release,
  ReleasedClaim,
  Rival,
  Unavailable,
} from './claim-store.ts';
import type { RegistryView } from './core-state.ts';
import { type ClaimRecords, settledWrite, unsettledWrite } from './records.ts';

export interface EngineClaimsOptions {
  readonly self: HostId;
  readonly engine: ClaimEngine;
  readonly records: Pick<ClaimRecords, 'unsettled'>;
  readonly registry: RegistryView;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

export class EngineClaims implements ClaimStore {
  readonly #options: EngineClaimsOptions;
  readonly #alarms: Alarms;
  readonly #stopping = new AbortController();
  /** Claims to be freed, until they are. */
  readonly #unsettled: Map<ReleasedClaim['claimId'], ReleasedClaim>;
  #inHand = 0;
  /** Why the engine could not be asked last; `undefined` when it could. */
  #trouble: string | undefined = 'The engine was not asked yet.';

  constructor(options: EngineClaimsOptions) {
    this.#options = options;
    this.#alarms = new Alarms(options.clock);
    this.#unsettled = new Map([...options.records.unsettled].map(([claimId, key]) => [claimId, { claimId, key }]));
  }

  /** Takes up what a crash left unsettled, and asks the engine now and then whether it is there. */
  start(): void {
    const left = [...this.#unsettled.values()];
    for (let at = 0; at < left.length; at += KEYS_PER_MESSAGE_MAX)
      void this.#settle(left.slice(at, at + KEYS_PER_MESSAGE_MAX), 'abandon');
    void this.#watch();
  }

  async stop(): Promise<void> {
    this.#alarms.stop();
    this.#stopping.abort();
    await this.#options.engine.close();
  }

  async claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    if (this.#stopping.signal.aborted) return unavailable('stopping', 'This node is stopping.');
    if (this.#inHand >= CLAIMS_IN_HAND_MAX)
      return unavailable('overloaded', `This host has ${CLAIMS_IN_HAND_MAX} claims in hand, its most.`);
    this.#inHand += 1;
    try {
      return await this.#claim(claims);
    } finally {
      this.#inHand -= 1;
    }
  }

  releasing(claims: readonly ReleasedClaim[]): readonly Write[] {
    for (const claim of claims) this.#unsettled.set(claim.claimId, claim);
    return claims.map(unsettledWrite);
  }

  async release(claims: readonly ReleasedClaim[]): Promise<Release> {
    const late = new Promise<Release>((resolve) => this.#alarms.set(RELEASE_ANSWER_MS_MAX, () => resolve('pending')));
    return Promise.race([this.#settle(claims, 'remove').then((): Release => 'confirmed'), late]);
  }

  async confirm(claims: readonly Claim[]): Promise<Confirmed | Unavailable> {
    const { engine } = this.#options;
    const rivals: Rival[] = [];
    try {
      for (const claim of claims) {
        const inTheWay = await this.#asking((signal) => engine.put([claim], signal));
        if (inTheWay !== undefined) rivals.push(inTheWay);
      }
      return { kind: 'confirmed', rivals };
    } catch (error) {
      return this.#away(error as Error);
    }
  }

  async read(key: AddressKey): Promise<Owner | null | Unavailable> {
    try {
      return await this.#asking((signal) => this.#options.engine.read(key, signal));
    } catch (error) {
      return this.#away(error as Error);
    }
  }

  status(): ClaimStatus {
    const { kind } = this.#options.engine;
    const base = { kind, voters: [], required: 0, unsettled: this.#unsettled.size };
    if (this.#trouble === undefined) return { ...base, ready: true };
    return { ...base, ready: false, reason: 'engine_unavailable', why: this.#trouble };
  }

  async #claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    const { journal, engine } = this.#options;
    const named = claims.map(({ key, owner: { claimId } }) => ({ key, claimId }));
    await journal.commit(named.map(unsettledWrite));
    try {
      const inTheWay = await this.#asking(async (signal) => {
        const found = await engine.put(claims, signal);
        if (found === undefined || !this.#isAbandoned(found)) return found;
        // Left over from a claim of this very host that failed, or from before it lost its disk.
        await engine.remove([{ key: found.key, claimId: found.owner.claimId }], signal);
        return engine.put(claims, signal);
      });
      if (inTheWay === undefined) return { kind: 'held', settled: named.map(({ claimId }) => settledWrite(claimId)) };
      await journal.commit(named.map(({ claimId }) => settledWrite(claimId)));
      return { kind: 'conflict', ...inTheWay };
    } catch (error) {
      // It may have been put all the same.
      for (const claim of named) this.#unsettled.set(claim.claimId, claim);
      void this.#settle(named, 'abandon');
      return this.#away(error as Error);
    }
  }

  #isAbandoned({ key, owner }: { readonly key: AddressKey; readonly owner: Owner }): boolean {
    const { self, registry } = this.#options;
    return owner.hostId === self && registry.holder(key)?.claimId !== owner.claimId;
  }

  /** Frees claims, for as long as it takes. */
  async #settle(claims: readonly ReleasedClaim[], how: 'remove' | 'abandon'): Promise<void> {
    const { engine, journal } = this.#options;
    for (;;) {
      try {
        await this.#asking((signal) => engine[how](claims, signal));
        break;
      } catch (error) {
        this.#away(error as Error);
        if (this.#stopping.signal.aborted) return new Promise(() => undefined);
        await new Promise<void>((resolve) => this.#alarms.set(SETTLE_RETRY_MS, resolve));
      }
    }
    await journal.commit(claims.map(({ claimId }) => settledWrite(claimId)));
    for (const { claimId } of claims) this.#unsettled.delete(claimId);
  }

  /** Asks the engine, no longer than a claim may take. */
  async #asking<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const stop = () => deadline.abort(new Error('The node is stopping.'));
    this.#stopping.signal.addEventListener('abort', stop);
    this.#alarms.set(CLAIM_MS_MAX, () => deadline.abort(new Error(`it did not answer within ${CLAIM_MS_MAX} ms`)));
    try {
      const answer = await ask(deadline.signal);
      if (this.#trouble !== undefined) this.#options.log('claims.engine_reached', { kind: this.#options.engine.kind });
      this.#trouble = undefined;
      return answer;
    } finally {
      this.#stopping.signal.removeEventListener('abort', stop);
    }
  }

  #away({ message }: Error): Unavailable {
    const { engine, log } = this.#options;
    const trouble = `The claims are kept by ${engine.kind}, which can't be asked now: ${message}`;
    if (this.#trouble === undefined) log('claims.engine_lost', { kind: engine.kind, why: message });
    this.#trouble = trouble;
    return unavailable(this.#stopping.signal.aborted ? 'stopping' : 'engine_unavailable', trouble);
  }

  async #watch(): Promise<void> {
    await this.#asking((signal) => this.#options.engine.ping(signal)).catch((error: Error) => this.#away(error));
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
