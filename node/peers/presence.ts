// Which peers are there: each is greeted in turn, and what came of it is what `GET /api/hosts` shows. Only for people and
// logs: no claim and no look-up asks it, so a wrong guess costs nothing.
import { MeshError } from '../../mesh/errors.ts';
import type { Host, Roster } from '../../mesh/hosts.ts';
import { GREETING_INTERVAL_MS, GREETING_MS_MAX, LOOKUP_ANSWER_BYTES_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';

export interface Seen {
  readonly status: 'online' | 'offline' | 'unknown';
  /** ISO 8601, UTC. */
  readonly lastSeenAt?: string;
  readonly rttMs?: number;
  /** Whether it speaks only the look-up, not the mesh's own messages. */
  readonly legacy?: true;
  /** Why it counts as offline. */
  readonly why?: string;
}

export interface PresenceOptions {
  readonly roster: () => Roster;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly log: Log;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #seen = new Map<HostId, Seen>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  of(id: HostId): Seen {
    return this.#seen.get(id) ?? { status: 'unknown' };
  }

  /** Greets every peer, again and again, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#options.roster().peers.map((peer) => this.#greet(peer, signal)));
      await this.#options.clock.sleep(GREETING_INTERVAL_MS, signal);
    }
  }

  async #greet(peer: Host, signal: AbortSignal): Promise<void> {
    const { transport, clock, roster } = this.#options;
    const startedMs = clock.monotonicMs();
    const path = `/api/mesh/v1/hello?from=${encodeURIComponent(roster().self.id)}`;
    const bounds = {
      answerMsMax: GREETING_MS_MAX,
      answerBytesMax: LOOKUP_ANSWER_BYTES_MAX,
      answerSignature: 'known-key',
    } as const;
    try {
      const { status } = await transport.ask({ to: peer.id, method: 'GET', path, ...bounds }, signal);
      const rttMs = Math.round((clock.monotonicMs() - startedMs) * 10) / 10;
      const lastSeenAt = new Date(clock.wallMs()).toISOString();
      this.#note(peer.id, { status: 'online', lastSeenAt, rttMs, ...(status === 404 ? { legacy: true } : {}) });
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      if (signal.aborted) return;
      const { lastSeenAt } = this.of(peer.id);
      this.#note(peer.id, {
        status: 'offline',
        why: error.message,
        ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
      });
    }
  }

  #note(id: HostId, seen: Seen): void {
    const before = this.of(id);
    this.#seen.set(id, seen);
    if (before.status === seen.status && before.why === seen.why) return;
    if (seen.status === 'online')
      this.#options.log.info('peer.found', { peer: id, rttMs: seen.rttMs, legacy: seen.legacy === true });
    else this.#options.log.warn('peer.lost', { peer: id, why: seen.why });
  }
}
