// One conversation with each peer that this host keeps in touch with: in a large mesh, a few (mesh/membership/greeted-hosts.ts). A peer whose key is
// not known is asked who it is; any other peer is asked one signed question every few seconds, which carries what this host says of the mesh,
// and shows whether the peer is there. Presence, legacy peers and the reader of indexes are views of what was heard. Steps and times: README.md.
import type { Conversation, Greeted } from '../../../mesh/claims/conversation.ts';
import { MeshError, refusalOf } from '../../../mesh/errors.ts';
import { GREETING_INTERVAL_MS, LOOKUP_ANSWER_BYTES_MAX } from '../../../mesh/limits.ts';
import { LEGACY_PROBE_PATH } from '../../../mesh/lookup/legacy-hosts.ts';
import type { Company } from '../../../mesh/membership/greeted-hosts.ts';
import type { HostId } from '../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import type { Clock, PeerTransport, Random } from '../../../mesh/ports.ts';
import type { Host, Roster } from '../../../mesh/roster.ts';
import type { Greeting } from '../../../mesh/state/messages.ts';
import type { Introductions } from '../introductions.ts';
import type { LegacyPeers } from '../legacy/legacy-peers.ts';
import { isLargePace, nextQuestionMs, paceOf } from './heartbeat-times.ts';
import type { Presence } from './presence.ts';

/** The first questions to peers are spread over so much for each peer that this host asks, or over so much for each host of the mesh. */
export const FIRST_QUESTION_GAP_MS = 10;
const FIRST_QUESTION_CROWD_MS = 2;
/** While the mesh forms: how often a voter looks whether it has, before it asks who does not vote. */
export const FORMING_LOOK_MS = 1_000;

/** Greets that host; what comes of it is told to the `Conversation`. */
export type Greet = (to: HostId) => void;

export interface HeartbeatOptions {
  readonly roster: () => Roster;
  readonly company: () => Company;
  /** Whether this host can decide no claim now, and that peer votes. */
  readonly isAwaited: (peer: HostId) => boolean;
  /** Whether this host votes, that peer does not, and no mesh is known yet. */
  readonly canWait: (peer: HostId) => boolean;
  readonly introductions: Pick<Introductions, 'meet'>;
  readonly legacy: Pick<LegacyPeers, 'has'>;
  readonly presence: Presence;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  /** Changes with this host's email index. */
  readonly index: () => string;
}

/** The conversation with one peer. */
interface Talk {
  readonly url: string;
  /** From one exchange to the next. */
  intervalMs: number;
  readonly stop: AbortController;
  /** Ends the wait for the next question. */
  wake: AbortController;
  /** Something showed that the peer may be gone, since it was asked last. */
  isDoubted: boolean;
  ended: Promise<void>;
}

export class Heartbeat implements Conversation {
  readonly #options: HeartbeatOptions;
  readonly #talks = new Map<HostId, Talk>();
  #begin: ((peer: Host, intervalMs: number) => void) | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /**
   * Speaks with every listed peer until `signal` aborts. `greet`: absent where the hosts keep no claims, and peers are asked a look-up.
   * Rejects with `store_failed`.
   */
  async run(signal: AbortSignal, greet: Greet | undefined): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#begin = ({ id, url }, intervalMs) => {
      const [stop, wake] = [new AbortController(), new AbortController()];
      const talk: Talk = { url, intervalMs, stop, wake, isDoubted: false, ended: promise };
      this.#talks.set(id, talk);
      this.#options.presence.began(id);
      talk.ended = this.#converse(id, talk, greet).catch(reject);
    };
    signal.addEventListener('abort', () => resolve(), { once: true });
    this.edited();
    try {
      await promise;
    } finally {
      this.#begin = undefined;
      const talks = [...this.#talks.values()];
      for (const id of [...this.#talks.keys()]) this.#end(id);
      await Promise.all(talks.map(({ ended }) => ended));
    }
  }

  /** hosts.json was edited, or others vote: whoever is new in company, or at another place, is spoken with at once. */
  edited(): void {
    const { roster, presence, company } = this.#options;
    if (this.#begin === undefined) return;
    const kept = company();
    const peers = new Map(roster().peers.flatMap((peer) => (kept.has(peer.id) ? [[peer.id, peer]] : [])));
    for (const [id, { url }] of this.#talks) {
      if (peers.get(id)?.url === url) continue;
      this.#end(id);
      presence.forget(id);
    }
    for (const [id, peer] of peers) {
      const [talk, intervalMs] = [this.#talks.get(id), kept.get(id) ?? GREETING_INTERVAL_MS];
      if (talk === undefined) this.#begin(peer, intervalMs);
      else talk.intervalMs = intervalMs;
    }
  }

  carries(to: HostId): boolean {
    return this.#talks.has(to);
  }

  index(): string {
    return this.#options.index();
  }

  greeted(to: HostId, how: Greeted): void {
    const { presence } = this.#options;
    if ('reply' in how) presence.greeted(to, how.sinceMs, how.reply.index);
    else this.#failed(to, how.sinceMs, how.error);
  }

  heard(from: HostId, { index }: Pick<Greeting, 'index'>): void {
    const { presence } = this.#options;
    presence.said(from, index);
    presence.heard(from);
    // Who was silent, or was never asked, is asked at once.
    if (presence.of(from).status !== 'online') this.#talks.get(from)?.wake.abort();
  }

  /**
   * The peer may be gone, for its channel has ended: it is asked at once whether it is there. Not so in a large mesh, where all who lost it would
   * ask one that starts again.
   */
  doubt(id: HostId): void {
    const talk = this.#talks.get(id);
    if (talk === undefined || isLargePace(talk.intervalMs)) return;
    talk.isDoubted = true;
    talk.wake.abort();
  }

  async #converse(id: HostId, talk: Talk, greet: Greet | undefined): Promise<void> {
    const { presence, clock, random, isAwaited, canWait } = this.#options;
    let [askedAtMs, drawn] = [-Infinity, random.next()];
    const firstAtMs = clock.monotonicMs() + this.#spreadMs(talk) * drawn;
    while (!talk.stop.signal.aborted) {
      const nowMs = clock.monotonicMs();
      const exchanges = presence.exchangesWith(id);
      const isNew = exchanges.ownAtMs === -Infinity && exchanges.heardAtMs === -Infinity;
      const pace = () => paceOf(talk.intervalMs, isAwaited(id));
      const routineMs = isNew ? firstAtMs : nextQuestionMs(exchanges, drawn, pace());
      const dueMs = talk.isDoubted ? nowMs : routineMs;
      // Voters of a large mesh have each other to hear first, and are asked by everybody. All are told of the mesh once there is one.
      const isEarly = isLargePace(talk.intervalMs) && canWait(id);
      // How the last question ended may not be known yet: it is not asked again meanwhile.
      const waitMs = Math.max(dueMs, askedAtMs + GREETING_MS_MAX, isEarly ? nowMs + FORMING_LOOK_MS : 0) - nowMs;
      if (waitMs > 0) {
        talk.wake = new AbortController();
        // Meanwhile this host may become one that can claim nothing.
        const lookMs = isLargePace(talk.intervalMs) ? Math.min(waitMs, GREETING_INTERVAL_MS) : waitMs;
        await clock.sleep(lookMs, talk.wake.signal);
        continue;
      }
      [askedAtMs, drawn, talk.isDoubted] = [nowMs, random.next(), false];
      await this.#ask(id, talk.stop.signal, greet);
    }
  }

  /** In a large mesh, neither does one host ask all others at once, nor do all others ask one. */
  #spreadMs({ intervalMs }: Talk): number {
    if (!isLargePace(intervalMs)) return 0;
    const hosts = this.#options.roster().peers.length;
    return Math.max(FIRST_QUESTION_GAP_MS * this.#talks.size, FIRST_QUESTION_CROWD_MS * hosts);
  }

  async #ask(id: HostId, signal: AbortSignal, greet: Greet | undefined): Promise<void> {
    const { introductions, legacy, presence, clock } = this.#options;
    const sinceMs = clock.monotonicMs();
    const learned = await introductions.meet(id, signal);
    if (learned === undefined || signal.aborted) return;
    if (learned.kind === 'legacy' && legacy.has(id)) presence.answered(id, { sinceMs });
    else if (greet !== undefined) greet(id);
    else await this.#probe(id, signal);
  }

  /** A look-up that has no owner, where there is nothing else to say. */
  async #probe(to: HostId, signal: AbortSignal): Promise<void> {
    const { transport, presence, clock } = this.#options;
    const sinceMs = clock.monotonicMs();
    const request = {
      to,
      lane: 'greetings',
      method: 'GET',
      path: LEGACY_PROBE_PATH,
      headers: { 'X-Federated-Query': 'true' },
      answerMsMax: GREETING_MS_MAX,
      answerBytesMax: LOOKUP_ANSWER_BYTES_MAX,
      answerSignature: 'known-key',
    } as const;
    const refusal = await transport.ask(request, signal).then(() => undefined, refusalOf);
    if (signal.aborted) return;
    if (refusal === undefined) presence.answered(to, { sinceMs });
    else this.#failed(to, sinceMs, refusal);
  }

  #failed(id: HostId, sinceMs: number, error: unknown): void {
    const { presence } = this.#options;
    if (error instanceof MeshError && error.code === 'peer_silent') presence.unanswered(id, error.message);
    else presence.answered(id, { sinceMs, why: sentenceOf(error) });
  }

  #end(id: HostId): void {
    const talk = this.#talks.get(id);
    this.#talks.delete(id);
    this.#options.presence.ended(id);
    talk?.stop.abort();
    talk?.wake.abort();
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof MeshError ? error.message : 'Its answer to a greeting is in a form that is not known here.';
}
