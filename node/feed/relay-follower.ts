// Follows all hosts through one relay. Of two relays one bears: it is asked for entries, and waits until there are some. The other is a
// witness: it only says where the logs stand, every few seconds, so that what the first keeps back is noticed, at a tenth of the octets.
import pLimit from 'p-limit';
import { MeshError } from '../../mesh/errors.ts';
import { FEED_VERSION } from '../../mesh/feed/messages.ts';
import {
  type Ages,
  type AskersPlace,
  RELAY_WAIT_MS_MAX,
  type RelayAnswer,
  type RelayQuestion,
} from '../../mesh/feed/relay-messages.ts';
import { standpointsDigest } from '../../mesh/feed/relayed-runs.ts';
import { COPY_FRESH_MS_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../../mesh/ports.ts';
import { doubledMs } from '../../mesh/time/breaker.ts';
import type { Log } from '../log.ts';
import { FOLLOW_AGAIN_MS_MIN } from './asking-turns.ts';
import { FeedQuestions, RELAY_SILENT_MS } from './feed-questions.ts';
import type { HostCopies } from './host-copies.ts';
import type { HostFollower } from './host-follower.ts';

/** Between two questions to a relay for entries: what comes meanwhile is told at once. */
export const RELAY_PACE_MS = 500;
/** Runs of one answer that are checked and written down together. */
const RUNS_AT_ONCE = 16;

/** What a relay has to do with one of the hosts that are followed through it. */
type Relayee = Pick<HostFollower, 'takeRun' | 'ask' | 'confirm' | 'offered'>;

export interface RelayFollowerOptions {
  readonly transport: PeerTransport;
  readonly copies: HostCopies;
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  /** The hosts that are followed through relays. */
  readonly relayees: () => ReadonlyMap<HostId, Relayee>;
  /** Told after each question whether the relay answered. */
  readonly heard: (silence: MeshError | undefined) => void;
}

interface KnownAges extends Pick<Ages, 'ageMs'> {
  readonly older: ReadonlyMap<HostId, number | null>;
  /** By the monotonic clock: when they were asked for. */
  readonly askedMs: number;
}

type News = Extract<RelayAnswer, { readonly kind: 'runs' }>;

const AGAIN = { firstMs: FOLLOW_AGAIN_MS_MIN, msMax: RELAY_SILENT_MS };

export class RelayFollower {
  readonly relay: HostId;
  readonly #options: RelayFollowerOptions;
  readonly #questions: FeedQuestions;
  #isBearing = false;
  /** Up to where the relay's log was told; absent: it is to be told where this host stands. */
  #after: RelayQuestion['after'];
  /** Whether the relay knows more than it told, and is to be told the places for that: not at once. */
  #knowsMore = false;
  /** The chains of the logs as far as the relay has told of them. */
  #told = new Map<HostId, string>();
  #ages: KnownAges | undefined;

  constructor(relay: HostId, options: RelayFollowerOptions) {
    this.relay = relay;
    this.#options = options;
    this.#questions = new FeedQuestions(options.transport, relay);
  }

  get isBearing(): boolean {
    return this.#isBearing;
  }

  /** Whether this relay is to be asked for entries. One that begins to bear is told anew where this host stands. */
  bear(isBearing: boolean): void {
    // A witness was told of no entries up to where it stands.
    if (isBearing && !this.#isBearing) this.#after = undefined;
    this.#isBearing = isBearing;
  }

  /** Resolves when `signal` has aborted. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, heard } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const sinceMs = clock.monotonicMs();
      const silence = await this.#once(signal);
      if (signal.aborted) return;
      heard(silence);
      failures = silence === undefined ? 0 : failures + 1;
      // In a new mesh a relay goes on learning of logs without entries, which it tells of when it is told where this host stands.
      const paceMs = this.#isBearing && !this.#knowsMore ? RELAY_PACE_MS : RELAY_WAIT_MS_MAX;
      const restMs = failures > 0 ? doubledMs(failures - 1, AGAIN) : paceMs - (clock.monotonicMs() - sinceMs);
      if (restMs > 0) await clock.sleep(restMs * (0.8 + 0.4 * random.next()), signal);
    }
  }

  /** Whether the relay says, of a host that it has heard lately, something else than this host knows. */
  differs(hostId: HostId): boolean {
    const told = this.#told.get(hostId);
    return (
      told !== undefined &&
      told !== this.#options.copies.head(hostId)?.chain &&
      this.#ageOf(hostId) <= COPY_FRESH_MS_MAX
    );
  }

  /** Asks once, and takes in what comes. Resolves with why the relay does not count as one, if it does not. */
  async #once(signal: AbortSignal): Promise<MeshError | undefined> {
    this.#knowsMore = false;
    try {
      const askedMs = this.#options.clock.monotonicMs();
      const question = this.#question(askedMs);
      const answer = await this.#questions.relayed(question, signal);
      if (signal.aborted) return undefined;
      if (answer.kind === 'gone') this.#after = undefined;
      else await this.#takeNews(answer, question, askedMs);
      return undefined;
    } catch (error) {
      if (!(error instanceof MeshError) || error.code === 'store_failed') throw error;
      // Whatever it was that the relay said wrongly, it is not asked for the same again.
      if (error.code !== 'peer_silent') this.#after = undefined;
      return error;
    }
  }

  #question(askedMs: number): RelayQuestion {
    const after = this.#after;
    const runs = this.#isBearing;
    // An age counts from the question on, which is why a question for ages does not wait.
    const ages = after === undefined || !runs || askedMs - (this.#ages?.askedMs ?? -Infinity) >= RELAY_WAIT_MS_MAX;
    const waitMs = ages ? 0 : RELAY_WAIT_MS_MAX;
    const from = after === undefined ? { places: this.#places() } : { after };
    return { version: FEED_VERSION, scope: 'mesh', ...from, runs, ages, waitMs };
  }

  #places(): readonly AskersPlace[] {
    const { copies, relayees } = this.#options;
    return [...relayees()].flatMap(([hostId, { offered }]) => {
      const head = copies.head(hostId) ?? offered;
      return head === undefined ? [] : [[hostId, head.n, head.chain]];
    });
  }

  /** Throws `peer_unintelligible` when the relay does not say what it says that it knows. */
  async #takeNews(news: News, { places, runs }: RelayQuestion, askedMs: number): Promise<void> {
    this.#note(news, places);
    const isWhole = standpointsDigest(this.#told) === news.digest;
    this.#knowsMore = !isWhole;
    // While a witness was asked, it may have become the one that bears.
    this.#after = isWhole && (runs || !this.#isBearing) ? { logId: news.logId, seq: news.seq } : undefined;
    if (this.#isBearing) await this.#pass(news);
    if (!isWhole && places !== undefined)
      throw new MeshError('peer_unintelligible', `Host '${this.relay}' leaves out some of what it knows as a relay.`);
    if (!isWhole) this.#options.log.warn('feed.relay_lost_something', { relay: this.relay });
    if (news.ages === undefined) return;
    this.#ages = { ageMs: news.ages.ageMs, older: new Map(news.ages.older), askedMs };
    if (isWhole) this.#confirm();
  }

  /** Remembers where the logs stand for the relay. */
  #note({ runs, others }: News, places: RelayQuestion['places']): void {
    if (places !== undefined)
      this.#told = new Map(places.flatMap(([hostId, , chain]) => (chain === null ? [] : [[hostId, chain]])));
    for (const { head } of runs) this.#told.set(head.hostId, head.chain);
    for (const [hostId, chain] of others) {
      if (chain === null) this.#told.delete(hostId);
      else this.#told.set(hostId, chain);
    }
  }

  async #pass({ runs, others }: News): Promise<void> {
    const { relayees, copies } = this.#options;
    const hosts = relayees();
    // Some together, for commits that are made together cost one sync; and not all, for each signature takes its time.
    const atOnce = pLimit(RUNS_AT_ONCE);
    await Promise.all(runs.map((run) => atOnce(async () => hosts.get(run.head.hostId)?.takeRun(run, this.relay))));
    // Where some of the hosts that have nothing had room in the answer, the others of them have it in the next one.
    const isMore = runs.some(({ entries }) => entries.length === 0);
    for (const [hostId, chain] of others) {
      const head = copies.head(hostId);
      if (chain === null || chain === head?.chain) continue;
      if (isMore && head === undefined) [this.#after, this.#knowsMore] = [undefined, true];
      else hosts.get(hostId)?.ask();
    }
  }

  /** What this host knows as the relay knows it is as old as the relay says. */
  #confirm(): void {
    const { copies, relayees, clock } = this.#options;
    for (const [hostId, relayee] of relayees()) {
      const head = copies.head(hostId);
      const ageMs = this.#ageOf(hostId);
      if (head !== undefined && this.#told.get(hostId) === head.chain && ageMs < Infinity)
        relayee.confirm(clock.monotonicMs() - ageMs);
    }
  }

  /** How long ago the host confirmed to the relay what the relay says of it; infinite when it did not. */
  #ageOf(hostId: HostId): number {
    if (this.#ages === undefined) return Infinity;
    const { ageMs, older, askedMs } = this.#ages;
    const its = older.get(hostId);
    const then = its === undefined ? ageMs : (its ?? Infinity);
    return then + this.#options.clock.monotonicMs() - askedMs;
  }
}
