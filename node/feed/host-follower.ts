// Follows the log of one host: asks for what is new, checks it, and writes it down. One question at a time; a failed one is asked again, later
// each time. A feed that is not believed is followed no further until it is what it was, or another log.
// Longer than 300 lines: what is asked next depends on all that was answered before, by the host itself and by a relay.
import { MeshError } from '../../mesh/errors.ts';
import type { FeedRefusal } from '../../mesh/feed/follower.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import { FEED_VERSION, type FeedAnswer, type FeedQuestion } from '../../mesh/feed/messages.ts';
import { judgeRun, type RelayedRun } from '../../mesh/feed/relayed-runs.ts';
import { COPY_FRESH_MS_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import type { PeerTransport, Random } from '../../mesh/ports.ts';
import { KeyedLock, tooManyChanges } from '../../mesh/time/keyed-lock.ts';
import {
  AskingTurns,
  BUSY_ENTRIES_MIN,
  BUSY_PACE_FACTOR,
  HASTY_REST_MS,
  type Outcome,
  REFUSED_AGAIN_MS,
} from './asking-turns.ts';
import type { DirectPlaces } from './direct-places.ts';
import { FeedQuestions } from './feed-questions.ts';
import type { FollowingView } from './following-view.ts';
import { HostIntake, type IntakeOptions } from './host-intake.ts';
import { LEGACY_READ_MS, type LegacyReader } from './legacy-reader.ts';
import { QuietWait } from './quiet-wait.ts';

export interface FollowerOptions extends IntakeOptions {
  readonly transport: PeerTransport;
  /** Whether the host only serves the look-up, and is read in place of being followed. */
  readonly isLegacy: () => boolean;
  readonly legacy: Pick<LegacyReader, 'read'>;
  readonly random: Pick<Random, 'next'>;
  /** Between an answer with a little news and the next question; 0 when absent. */
  readonly paceMs?: number | undefined;
  /** Absent: the host is always asked itself. */
  readonly relays?: RelayedBy | undefined;
  /** Asks the host who it is, when its key is not known; never rejects because `signal` aborts. Absent: it is only asked about its log. */
  readonly meet?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Whether the host has answered this one, if it is greeted at all; until then it is not asked about its log. Absent: it has. */
  readonly isMet?: (() => boolean) | undefined;
}

interface RelayedBy {
  /** Whether relays tell of the host, so that it is asked itself only when they say too little. */
  readonly isOn: boolean;
  /** Whether there are so many hosts that they are not all to be asked for the first time at once. */
  readonly isCrowded: boolean;
  readonly directly: Pick<DirectPlaces, 'ask'>;
}

/** What a relay said of a host whose key was not known then. */
interface Offered {
  readonly run: RelayedRun;
  readonly relay: HostId;
}

const GO_ON: Outcome = { kind: 'rest', restMs: 0 };
const REST: Outcome = { kind: 'rest', restMs: HASTY_REST_MS };

export class HostFollower {
  readonly #options: FollowerOptions;
  readonly #questions: FeedQuestions;
  readonly #intake: HostIntake;
  #refusal: FeedRefusal | undefined;
  #silence: string | undefined;
  /** Whether no relay says enough of the host. */
  #isWanted = false;
  #called = new AbortController();
  /** Either a question to the host is in hand, or a run of a relay. */
  readonly #inTurn: KeyedLock;
  readonly #turns: AskingTurns;
  #isWaitingForNews = false;
  readonly #quiet: QuietWait;
  /** Whether a snapshot was the last that was taken in. */
  #isNew = false;
  #wasMet = false;
  #offered: Offered | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { clock } = options;
    this.#inTurn = new KeyedLock({ clock, refusal: tooManyChanges('host'), waitersMax: Number.POSITIVE_INFINITY });
    this.#questions = new FeedQuestions(options.transport, options.hostId, () => this.#isRelayed);
    this.#turns = new AskingTurns(options);
    this.#quiet = new QuietWait(clock);
    this.#intake = new HostIntake(options);
  }

  get view(): FollowingView {
    const { copies, hostId, clock } = this.#options;
    const atMs = copies.copy.confirmedMs(hostId);
    const asOf =
      atMs === undefined ? {} : { asOf: new Date(clock.wallMs() - (clock.monotonicMs() - atMs)).toISOString() };
    if (this.#refusal !== undefined) return { state: 'refused', ...asOf, why: this.#refusal.why };
    if (this.#silence !== undefined) return { state: 'silent', ...asOf, why: this.#silence };
    if (this.#isRelayed && atMs !== undefined && clock.monotonicMs() - atMs > COPY_FRESH_MS_MAX)
      return { state: 'silent', ...asOf, why: `No relay has heard host '${hostId}' since.` };
    return { state: atMs === undefined ? 'behind' : 'following', ...asOf };
  }

  /** What a relay said of the host, that has nothing; it is taken in once the host's key is known. */
  get offered(): SignedHead | undefined {
    return this.#offered?.run.head;
  }

  /** Resolves when `signal` has aborted. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await this.#inTurn.run(this.#options.hostId, () => this.#intake.expectWhole());
    if (this.#isLost) this.ask();
    while (!signal.aborted) {
      if (this.#isLeftToRelays || this.#isUnmet)
        // It may turn out meanwhile that the host only serves the look-up.
        await clock.sleep(LEGACY_READ_MS, AbortSignal.any([signal, this.#called.signal]));
      else await this.#turns.next((turn) => this.#askInTurn(signal, turn), signal);
    }
  }

  /** The host answers others again. A question that was asked while it was silent may be lost: it is asked anew. */
  found(): void {
    if (this.#silence !== undefined) this.#turns.again();
    this.look();
  }

  /** The host answers nobody: news that it has would not come by the line that it was asked on. */
  lost(why: string): void {
    if (!this.#isWaitingForNews) return;
    this.#silence = why;
    this.#turns.again();
  }

  /** The host answered, to what was asked at `atMs`, that its index has this version. */
  said(index: string, atMs: number): void {
    const word = this.#refusal === undefined ? this.#quiet.said(index) : 'unclear';
    if (word === 'as copied') this.#options.copies.copy.confirm(this.#options.hostId, atMs);
    else if (word === 'behind' && this.#isWaitingForNews) this.#turns.again();
  }

  /** Relays say too little of the host: it is asked itself. */
  ask(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.look();
  }

  /** Looks anew at whether there is something to ask. */
  look(): void {
    this.#called.abort();
    this.#called = new AbortController();
  }

  /** Takes in what a relay passes on, or has the host asked when that can't be. Rejects with `store_failed`. */
  async takeRun(run: RelayedRun, relay: HostId): Promise<void> {
    // What the host itself is being asked for is newer.
    if (this.#inTurn.lockedCount > 0 || this.#options.isLegacy()) return;
    await this.#inTurn.run(this.#options.hostId, () => this.#takeRun(run, relay));
  }

  /** A relay says that the host confirmed, at `atMs` of the monotonic clock, what the copy shows. */
  confirm(atMs: number): void {
    if (this.#isLost || this.#refusal !== undefined) return;
    const { copies, hostId } = this.#options;
    copies.copy.confirm(hostId, atMs);
    this.#silence = undefined;
    this.#isWanted = false;
  }

  /** Whether the copy is not what the host signed, so that nothing can be added to it. */
  get #isLost(): boolean {
    const { copies, hostId } = this.#options;
    return this.#intake.head === undefined && copies.head(hostId) !== undefined;
  }

  get #isRelayed(): boolean {
    return this.#options.relays?.isOn === true;
  }

  get #isLeftToRelays(): boolean {
    return !this.#isWanted && this.#isRelayed && !this.#options.isLegacy();
  }

  /** A host that starts or is busy has something else to do than to tell of its log, and whoever asks has first to ask who it is. */
  get #isUnmet(): boolean {
    const { isMet, isLegacy } = this.#options;
    this.#wasMet ||= isMet?.() ?? true;
    return !this.#wasMet && !isLegacy();
  }

  async #takeRun(run: RelayedRun, relay: HostId): Promise<void> {
    const { hostId, log } = this.#options;
    const verdict = judgeRun(this.#intake.head, run);
    if (verdict.kind === 'known') return;
    if (verdict.kind === 'behind') return this.ask();
    if (verdict.kind === 'bare') return this.#takeBare({ run, relay });
    const refusal = await this.#takeChunk({ kind: 'chunk', entries: verdict.entries, head: run.head, more: true });
    if (refusal === undefined) return;
    log.warn('feed.relay_not_believed', { peer: hostId, relay, why: refusal.why });
    this.ask();
  }

  /** Nothing need be asked of a host that has nothing; of one whose key is not known yet, no more than who it is. */
  async #takeBare(offered: Offered): Promise<void> {
    const { key, copies, hostId, log, meet } = this.#options;
    const isWaiting = key() === undefined && meet !== undefined;
    this.#offered = isWaiting ? offered : undefined;
    if (isWaiting) return;
    if (!copies.isUnknown(hostId)) return this.ask();
    const refusal = await this.#intake.begin(offered.run.head);
    if (refusal === undefined) {
      this.#isWanted = false;
      return;
    }
    log.warn('feed.relay_not_believed', { peer: hostId, relay: offered.relay, why: refusal.why });
    this.ask();
  }

  #askInTurn(signal: AbortSignal, turn: AbortSignal): Promise<Outcome> {
    const { relays, copies, hostId } = this.#options;
    const ask = () => this.#inTurn.run(hostId, () => this.#once(signal, turn));
    const isFirst = copies.copy.confirmedMs(hostId) === undefined && this.#silence === undefined;
    return relays?.isOn || (relays?.isCrowded && isFirst) ? relays.directly.ask(ask, turn) : ask();
  }

  /** Asks once, and takes in what comes. `turn`: aborts with `signal`, and when the question is to be asked anew. */
  async #once(signal: AbortSignal, turn: AbortSignal): Promise<Outcome> {
    try {
      if (this.#options.isLegacy()) {
        await this.#options.legacy.read(signal);
        this.#silence = undefined;
        return { kind: 'rest', restMs: LEGACY_READ_MS };
      }
      return await this.#follow(signal, turn);
    } catch (error) {
      if (!(error instanceof MeshError) || error.code === 'store_failed') throw error;
      if (!turn.aborted) this.#silence = error.message;
      return { kind: 'failed' };
    }
  }

  async #follow(signal: AbortSignal, turn: AbortSignal): Promise<Outcome> {
    const { clock, copies, hostId } = this.#options;
    if (copies.isRead(hostId)) await copies.endReading(hostId);
    if (this.#offered !== undefined && (await this.#isOfferTaken(this.#offered, turn))) return GO_ON;
    const sinceMs = clock.monotonicMs();
    const question = this.#question();
    const answer = await this.#news(question, turn);
    if (signal.aborted) return GO_ON;
    this.#silence = undefined;
    if (answer.kind === 'gone') return this.#followAnew(signal);
    const refusal = await this.#takeChunk(answer);
    if (refusal?.reason === 'drifted') return this.#mend(refusal, signal);
    if (refusal !== undefined) return this.#refuse(refusal);
    if (answer.entries.length > 0) return answer.more ? GO_ON : this.#rest(answer.entries.length);
    if (answer.more) return this.#tire('says that its log goes on, and sends nothing of it');
    // A host that does not let its askers wait, as one that stops, is not asked all the time.
    return question.waitMs > 0 && clock.monotonicMs() - sinceMs < HASTY_REST_MS ? REST : GO_ON;
  }

  /** Whether what a relay said is all that there is to know. */
  async #isOfferTaken(offered: Offered, turn: AbortSignal): Promise<boolean> {
    const { key, meet } = this.#options;
    await meet?.(turn);
    if (key() === undefined) return false;
    await this.#takeBare(offered);
    return !this.#isWanted;
  }

  #rest(entries: number): Outcome {
    const { paceMs = 0 } = this.#options;
    return { kind: 'rest', restMs: entries < BUSY_ENTRIES_MIN ? paceMs : BUSY_PACE_FACTOR * paceMs };
  }

  /** A host that is back at a log which is told as ended is asked to begin another one, for its places would be taken for what they were. */
  async #news(question: FeedQuestion, turn: AbortSignal): Promise<FeedAnswer> {
    const { copies, hostId } = this.#options;
    this.#isWaitingForNews = question.waitMs > 0;
    try {
      const answer = await this.#quiet.ask(question, (asked) => this.#questions.news(asked, turn), turn);
      if (answer.kind !== 'gone' || !copies.hasLeft(hostId, answer.logId)) return answer;
      return await this.#questions.news({ ...question, ended: answer.logId }, turn);
    } finally {
      this.#isWaitingForNews = false;
    }
  }

  /** The entries are the host's, and the addresses are not what they make: a snapshot puts the copy right, and tells what that changes. */
  async #mend({ why }: Pick<FeedRefusal, 'why'>, signal: AbortSignal): Promise<Outcome> {
    this.#intake.drifted(why);
    return this.#followAnew(signal);
  }

  async #followAnew(signal: AbortSignal): Promise<Outcome> {
    const sinceMs = this.#options.clock.monotonicMs();
    const taken = await this.#intake.takeSnapshot(this.#questions, signal);
    if (taken === undefined) return GO_ON;
    if ('kind' in taken) return taken.kind === 'gone' ? { kind: 'failed' } : this.#refuse(taken);
    this.#believed(taken);
    if (this.#isNew)
      return this.#tire('has told nothing of its log since its last snapshot but that another one is needed');
    this.#isNew = true;
    // What comes behind the snapshot, relays tell.
    if (this.#isRelayed) this.confirm(sinceMs);
    return GO_ON;
  }

  /** Nothing came of asking, and nothing may come of it again. */
  #tire(what: string): Outcome {
    this.#silence = `Host '${this.#options.hostId}' ${what}.`;
    return { kind: 'failed' };
  }

  #question(): FeedQuestion {
    const { copies, hostId } = this.#options;
    const { head } = this.#intake;
    const seen = this.#refusal === undefined ? undefined : head;
    const isHeard = copies.copy.confirmedMs(hostId) !== undefined && this.#silence === undefined;
    const isWaiting = isHeard && this.#refusal === undefined && !this.#isRelayed;
    return {
      version: FEED_VERSION,
      ...(head === undefined ? {} : { logId: head.logId }),
      after: head?.n ?? 0,
      // Whoever was not heard since the start, or was silent, is to say at once where its log stands.
      waitMs: isWaiting ? this.#quiet.waitMs : 0,
      ...(seen === undefined ? {} : { seen }),
    };
  }

  async #takeChunk(chunk: Extract<FeedAnswer, { kind: 'chunk' }>): Promise<FeedRefusal | undefined> {
    const refusal = await this.#intake.takeChunk(chunk);
    if (refusal !== undefined) return refusal;
    this.#believed(chunk.head);
    this.#quiet.stands(chunk.more ? undefined : chunk.index);
    if (chunk.entries.length > 0 || !chunk.more) this.#isNew = false;
    if (chunk.more) return undefined;
    const { copies, hostId } = this.#options;
    copies.copy.confirm(hostId);
    this.#isWanted = false;
    return undefined;
  }

  #believed(head: SignedHead): void {
    const { log, hostId } = this.#options;
    if (this.#refusal !== undefined) log.info('feed.resumed', { peer: hostId, logId: head.logId, n: head.n });
    this.#refusal = undefined;
  }

  #refuse(refusal: FeedRefusal): Outcome {
    const { log, hostId, copies } = this.#options;
    if (this.#refusal?.why !== refusal.why)
      log.error('feed.refused', { peer: hostId, reason: refusal.reason, why: refusal.why });
    this.#refusal = refusal;
    copies.copy.doubt(hostId);
    return { kind: 'rest', restMs: REFUSED_AGAIN_MS };
  }
}
