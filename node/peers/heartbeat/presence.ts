// Which peers are there, as far as the heartbeat heard: what `GET /api/hosts` shows. No claim asks it. A look-up waits less for a peer that is
// not there, and whoever follows its log asks at once when it is back: a wrong guess costs a question.
import { COPY_FRESH_MS_MAX } from '../../../mesh/limits.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Log } from '../../log.ts';
import type { PeerKeyStatus } from '../keys/peer-keys.ts';
import { type Exchanges, exchangesAfter } from './heartbeat-times.ts';

/** What is known of a peer, as `GET /api/hosts` shows it. */
export interface Seen {
  readonly status: 'online' | 'offline' | 'unknown';
  /** ISO 8601, UTC. */
  readonly lastSeenAt?: string;
  readonly rttMs?: number;
  /** Why it is offline, or why what it says is not believed. */
  readonly why?: string;
  readonly key: PeerKeyStatus;
}

type Sighting = Omit<Seen, 'key'>;

/** An answer to a question that began at `sinceMs` by the monotonic clock. `why`: a sentence, when what it says is not believed. */
export interface Answer {
  readonly sinceMs: number;
  readonly why?: string | undefined;
}

export interface PresenceOptions {
  readonly keys: { status(id: HostId): PeerKeyStatus };
  readonly clock: Clock;
  readonly log: Log;
  /** When relays last heard a peer that this host does not ask itself, by the monotonic clock. */
  readonly relayedAtMs: (id: HostId) => number | undefined;
  /** Told of a peer that answers and did not before, whatever it says. */
  readonly found: (id: HostId) => void;
  /** Told of a peer that does not answer any more. `why`: a sentence. */
  readonly lost: (id: HostId, why: string) => void;
  /** Told of each version of its index that a peer says in answer to what was asked at `atMs` of the monotonic clock. */
  readonly indexSaid: (id: HostId, index: string, atMs: number) => void;
}

const NEVER: Exchanges = { ownAtMs: -Infinity, failures: 0, inVain: 0, heardAtMs: -Infinity };

export class Presence {
  readonly #options: PresenceOptions;
  readonly #sightings = new Map<HostId, Sighting>();
  readonly #exchanges = new Map<HostId, Exchanges>();
  /** Peers with which this host speaks itself: what relays say of them does not count. */
  readonly #spokenWith = new Set<HostId>();
  /** The ETag of each peer's index, as the peer last said. */
  readonly #indexes = new Map<HostId, string>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  of(id: HostId): Seen {
    return { ...this.#sightingOf(id), key: this.#options.keys.status(id) };
  }

  /** Whether the heartbeat's last question to the peer had no answer; or no relay has heard of it lately. */
  isDown(id: HostId): boolean {
    return this.#sightingOf(id).status === 'offline';
  }

  /** Whether this host does not ask the peer itself, and a relay has heard of it lately. */
  isRelayed(id: HostId): boolean {
    return !this.#sightings.has(id) && this.#sightingOf(id).status === 'online';
  }

  exchangesWith(id: HostId): Exchanges {
    return this.#exchanges.get(id) ?? NEVER;
  }

  /** Changes with the peer's email index; `undefined` while the peer has not said so, or says it no more. */
  indexOf(id: HostId): string | undefined {
    return this.#indexes.get(id);
  }

  /** This host begins to ask the peer itself. */
  began(id: HostId): void {
    this.#spokenWith.add(id);
  }

  /** This host does not ask the peer any more. */
  ended(id: HostId): void {
    this.#spokenWith.delete(id);
  }

  /** Whatever the peer answers, it is there. */
  answered(id: HostId, { sinceMs, why }: Answer): void {
    const { clock } = this.#options;
    this.#asked(id, why === undefined);
    const rttMs = Math.round((clock.monotonicMs() - sinceMs) * 10) / 10;
    const lastSeenAt = new Date(clock.wallMs()).toISOString();
    const wasThere = this.of(id).status === 'online';
    this.#note(id, { status: 'online', lastSeenAt, rttMs, ...(why === undefined ? {} : { why }) });
    if (!wasThere) this.#options.found(id);
  }

  /** The peer answered a greeting. `index`: as in `said`. */
  greeted(id: HostId, sinceMs: number, index: string | undefined): void {
    this.said(id, index);
    this.answered(id, { sinceMs });
    if (index !== undefined) this.#options.indexSaid(id, index, sinceMs);
  }

  unanswered(id: HostId, why: string): void {
    this.#asked(id, false);
    const { lastSeenAt, status } = this.of(id);
    this.#note(id, { status: 'offline', why, ...(lastSeenAt === undefined ? {} : { lastSeenAt }) });
    if (status !== 'offline') this.#options.lost(id, why);
  }

  /** The peer asked this host something, signed. That the peer reaches this host does not say that this host reaches the peer. */
  heard(id: HostId): void {
    const { clock } = this.#options;
    this.#exchanges.set(id, { ...this.exchangesWith(id), heardAtMs: clock.monotonicMs() });
    const known = this.#sightings.get(id);
    if (known?.status === 'online')
      this.#sightings.set(id, { ...known, lastSeenAt: new Date(clock.wallMs()).toISOString() });
  }

  /** `index`: absent when the peer is of a version that does not say. */
  said(id: HostId, index: string | undefined): void {
    if (index === undefined) this.#indexes.delete(id);
    else this.#indexes.set(id, index);
  }

  /** Peers of which something was seen. */
  hosts(): Iterable<HostId> {
    return new Set([this.#sightings, this.#exchanges, this.#indexes].flatMap((known) => [...known.keys()]));
  }

  /** Forgets what was seen of the host under this id: another host may be listed under the id by now, or the host at another place. */
  forget(id: HostId): void {
    this.#sightings.delete(id);
    this.#exchanges.delete(id);
    this.#indexes.delete(id);
  }

  /** What was seen of a peer last. Of one that this host never asks, relays say that it is there. */
  #sightingOf(id: HostId): Sighting {
    const own = this.#sightings.get(id);
    if (own !== undefined) return own;
    const { clock, relayedAtMs } = this.#options;
    const atMs = this.#spokenWith.has(id) ? undefined : relayedAtMs(id);
    if (atMs === undefined) return { status: 'unknown' };
    const agoMs = clock.monotonicMs() - atMs;
    const lastSeenAt = new Date(clock.wallMs() - agoMs).toISOString();
    if (agoMs <= COPY_FRESH_MS_MAX) return { status: 'online', lastSeenAt };
    const why = `No relay has heard host '${id}' for ${Math.round(agoMs / 1_000)} s.`;
    return { status: 'offline', lastSeenAt, why };
  }

  #asked(id: HostId, isAnswered: boolean): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#exchanges.set(id, exchangesAfter(this.exchangesWith(id), isAnswered, nowMs));
  }

  #note(id: HostId, now: Sighting): void {
    const before = this.#sightings.get(id);
    this.#sightings.set(id, now);
    if (before?.status === now.status && before.why === now.why) return;
    if (now.status === 'online' && now.why === undefined)
      this.#options.log.info('peer.found', { peer: id, rttMs: now.rttMs });
    else this.#options.log.warn(now.status === 'offline' ? 'peer.lost' : 'peer.doubtful', { peer: id, why: now.why });
  }
}
