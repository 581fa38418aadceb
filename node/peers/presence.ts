// Which peers are there: each is asked a look-up that has no owner, and what came of it is what `GET /api/hosts` shows. Only for people and
// logs: no claim and no look-up asks it, so a wrong guess costs nothing.
import { refusalOf } from '../../mesh/errors.ts';
import { GREETING_INTERVAL_MS, GREETING_MS_MAX, LOOKUP_ANSWER_BYTES_MAX } from '../../mesh/limits.ts';
import { LEGACY_PROBE_PATH } from '../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport } from '../../mesh/ports.ts';
import type { Host, Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';
import type { PeerKeyStatus } from './peer-keys.ts';

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

export interface PresenceOptions {
  readonly roster: () => Roster;
  readonly transport: PeerTransport;
  readonly keys: { status(id: HostId): PeerKeyStatus };
  readonly clock: Clock;
  readonly log: Log;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #sightings = new Map<HostId, Sighting>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  of(id: HostId): Seen {
    const sighting = this.#sightings.get(id) ?? { status: 'unknown' };
    return { ...sighting, key: this.#options.keys.status(id) };
  }

  /** Greets every peer, again and again, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#options.roster().peers.map((peer) => this.#greet(peer, signal)));
      await this.#options.clock.sleep(GREETING_INTERVAL_MS, signal);
    }
  }

  async #greet(peer: Host, signal: AbortSignal): Promise<void> {
    const { transport, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const request = {
      to: peer.id,
      lane: 'greetings',
      method: 'GET',
      path: LEGACY_PROBE_PATH,
      headers: { 'X-Federated-Query': 'true' },
      answerMsMax: GREETING_MS_MAX,
      answerBytesMax: LOOKUP_ANSWER_BYTES_MAX,
      answerSignature: 'known-key',
    } as const;
    const why = await transport.ask(request, signal).then(() => undefined, refusalOf);
    if (signal.aborted) return;
    if (why?.code === 'peer_silent') {
      const { lastSeenAt } = this.of(peer.id);
      this.#note(peer.id, { status: 'offline', why: why.message, ...(lastSeenAt === undefined ? {} : { lastSeenAt }) });
      return;
    }
    // Whatever it answers, it is there.
    const rttMs = Math.round((clock.monotonicMs() - startedMs) * 10) / 10;
    const lastSeenAt = new Date(clock.wallMs()).toISOString();
    this.#note(peer.id, { status: 'online', lastSeenAt, rttMs, ...(why === undefined ? {} : { why: why.message }) });
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
