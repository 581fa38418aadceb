// The default ClaimStore: the voters of the mesh themselves, nothing to install. Runs the core's effects against the journal,
// the peers and the clock. Everything it decides is decided in core.ts; here is only how it is done.
// It does not outlive a failed disk: when the journal rejects, nothing more is answered, and the node stops.

import { MeshError } from '../errors.ts';
import { orFail, wholly } from '../invariant.ts';
import { RELEASE_ANSWER_MS_MAX } from '../limits.ts';
import { type MembershipView, membershipOf, type Relation, relationOf, statusOf } from '../membership/claim-status.ts';
import type { AddressKey, HostId } from '../names.ts';
import { stopping } from '../operations/obstacles.ts';
import type { Clock, Journal, PeerTransport, Random, Write } from '../ports.ts';
import { intentWrite } from '../state/claim-records.ts';
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
  Unavailable,
} from '../state/claim-store.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Done, DoubtCause, Effect, Event, Result, Waiting } from '../state/events.ts';
import type { ClaimAnswer, ClaimMessage, ClaimQuestion, Reply, Wish } from '../state/messages.ts';
import { startNameOf } from '../state/starts.ts';
import { Alarms } from '../time/alarms.ts';
import { withinMs } from '../time/deadline.ts';
import { type Conversation, reportHeard, withIndex } from './conversation.ts';
import { step } from './core.ts';
import { EffectQueue } from './effect-queue.ts';
import { ownersRead } from './owners-read.ts';
import { Speaker } from './speaker.ts';

export interface QuorumOptions {
  /** What this host's next start begins with; from now on it is changed here alone. */
  readonly core: CoreState;
  readonly journal: Journal;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  /** Told of what an operator should know: the mesh formed, moves, has moved. */
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Told when the voters may not know what this host holds. */
  readonly doubted: (why: DoubtCause) => void;
  /** Who carries routine greetings; absent: every greeting leaves when the core says so. */
  readonly conversation?: Conversation;
}

/**
 * Claims that the voters of the mesh decide (register/README.md). This class runs the core: it carries effects out in their order,
 * and turns results into the answers of `ClaimStore`. An operation that finds no majority within its time is `unavailable`.
 */
export class QuorumClaims implements ClaimStore {
  readonly #options: QuorumOptions;
  readonly #state: CoreState;
  readonly #alarms: Alarms;
  readonly #speaker: Speaker;
  readonly #effects = new EffectQueue((effect) => this.#do(effect));
  readonly #waiting = new Map<number, (result: Result) => void>();
  readonly #answers = new Map<number, (answer: never) => void>();
  #lastNumber = 0;
  #stopped = false;

  constructor(options: QuorumOptions) {
    const { core, transport, clock, conversation } = options;
    this.#options = options;
    this.#state = core;
    this.#alarms = new Alarms(clock);
    this.#speaker = new Speaker({
      self: core.membership.self,
      state: core,
      own: this,
      transport,
      clock,
      conversation,
      dispatch: (event) => this.#dispatch(event),
    });
  }

  /** Takes up what a crash left unfinished, and greets the other voters. */
  start(): void {
    this.#dispatch({ type: 'started' });
  }

  /** hosts.json was edited. */
  wish(wish: Wish): void {
    this.#dispatch({ type: 'wished', wish });
  }

  /** Greets that host now, as the one who carries routine greetings asks. */
  greet(to: HostId): void {
    this.#dispatch({ type: 'greet', to });
  }

  /** Ends what is in hand as `unavailable`; afterwards nothing is asked or answered. */
  stop(): void {
    this.#stopped = true;
    this.#alarms.stop();
    for (const finish of this.#waiting.values()) finish(stopping(this.#state));
    this.#waiting.clear();
  }

  async claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    const result = await this.#run((operation) => ({ type: 'claim', operation, claims }));
    if (result.kind === 'held' || result.kind === 'conflict' || result.kind === 'unavailable') return result;
    throw new Error(`A claim can't end as '${result.kind}'.`);
  }

  releaseWrites(claims: readonly ReleasedClaim[]): readonly Write[] {
    return claims.map(intentWrite);
  }

  async release(claims: readonly ReleasedClaim[]): Promise<Release> {
    const released = this.#run((operation) => ({ type: 'release', operation, claims }));
    const result = await withinMs(this.#options.clock, RELEASE_ANSWER_MS_MAX, released, undefined);
    return result?.kind === 'released' ? 'confirmed' : 'pending';
  }

  async confirm(claims: readonly Claim[]): Promise<Confirmed | Unavailable> {
    const result = await this.#run((operation) => ({ type: 'confirm', operation, claims }));
    if (result.kind === 'confirmed' || result.kind === 'unavailable') return result;
    throw new Error(`Claims can't be confirmed as '${result.kind}'.`);
  }

  async ownersOf(keys: readonly AddressKey[]): Promise<Owners | Unavailable> {
    const read = (key: AddressKey) => this.#run((operation) => ({ type: 'read', operation, key }));
    return ownersRead(keys, await Promise.all(keys.map(read)), this.#state.membership.config);
  }

  status(): ClaimStatus {
    return statusOf(this.#state);
  }

  /**
   * Evicts a host that left (membership/README.md, step 11). Resolves with `done`, or with `waiting` and a sentence when
   * the eviction goes on by itself, through restarts. Rejects with `invalid_request` and a sentence when it can't be done, and with
   * `uniqueness_unavailable` when too few voters answer or the node stops.
   */
  async evict(host: HostId): Promise<Done | Waiting> {
    const result = await this.#command((operation) => ({ type: 'evict', operation, host }));
    return result.kind === 'waiting' ? result : { kind: 'done' };
  }

  /**
   * Lets these voters go on alone, by an operator's word: what was lost with the others may be claimed anew. Resolves when that is done.
   * Rejects as `evict` does.
   */
  async recover(voters: readonly HostId[]): Promise<void> {
    await this.#command((operation) => ({ type: 'recover', operation, voters }));
  }

  /**
   * Has this host leave its mesh for the one of `host`, where every address of its own must be confirmed. Resolves when that is done.
   * Rejects as `evict` does.
   */
  async join(host: HostId): Promise<void> {
    await this.#command((operation) => ({ type: 'join', operation, host }));
  }

  /** The start that speaks, as text; `undefined` while nobody may be told of it. */
  readonly startName = () => startNameOf(this.#state.membership.starts);

  /** What binds this host to another one, as the membership knows it now. */
  relationTo(host: HostId): Relation {
    return relationOf(this.#state, host);
  }

  /** The membership as `GET /health` and an operator's commands show it. */
  membership(): MembershipView {
    return membershipOf(this.#state);
  }

  /** Answers a peer's message about claims. Its signature must be verified. Never rejects; after `stop` it never resolves. */
  receive(from: HostId, message: ClaimMessage): Promise<ClaimAnswer> {
    return this.#answerTo((token) => ({ type: 'received', token, from, message }));
  }

  /** Answers a peer's question about membership, under the same conditions as `receive`. */
  receiveQuestion(from: HostId, question: ClaimQuestion): Promise<Reply> {
    reportHeard(from, question, this.#options.conversation);
    return this.#answerTo((token) => ({ type: 'asked', token, from, question }));
  }

  async #command(event: (operation: number) => Event): Promise<Result> {
    const result = await this.#run(event);
    if (result.kind === 'refused') throw new MeshError('invalid_request', result.message);
    if (result.kind === 'unavailable') throw new MeshError('uniqueness_unavailable', result.message);
    return result;
  }

  #run(event: (operation: number) => Event): Promise<Result> {
    if (this.#stopped) return Promise.resolve(stopping(this.#state));
    this.#lastNumber += 1;
    const operation = this.#lastNumber;
    return new Promise((resolve) => {
      this.#waiting.set(operation, resolve);
      this.#dispatch(event(operation));
    });
  }

  #answerTo<Answer>(event: (token: number) => Event): Promise<Answer> {
    this.#lastNumber += 1;
    const token = this.#lastNumber;
    return new Promise<Answer>((resolve) => {
      this.#answers.set(token, resolve as (answer: never) => void);
      this.#dispatch(event(token));
    });
  }

  #dispatch(event: Event): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#orStop(event.type, () => this.#effects.push(step(this.#state, event, clock.monotonicMs(), clock.wallMs())));
  }

  /**
   * Nothing of a core that found itself broken, and of one whose decisions were not all carried out, counts any more: what it was asked stays
   * without an answer, as after a failed disk. `about`: the event's type, or that of an effect.
   */
  #orStop(about: string, work: () => void): void {
    const { journal, log } = this.#options;
    try {
      orFail(journal, () => wholly(work));
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      this.stop();
      const { cause: broken } = error as { cause: Error };
      const { stack } = broken.cause instanceof Error ? broken.cause : broken;
      log('claims.broken', { event: about, why: error.message, stack });
    }
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#speaker.send(effect.to, effect.items);
        return;
      case 'ask':
        if (effect.isRoutine !== true || this.#options.conversation?.carries(effect.to) !== true)
          this.#speaker.ask(effect.to, effect.question);
        return;
      case 'log':
        this.#options.log(effect.event, effect.fields);
        return;
      case 'doubt':
        this.#options.doubted(effect.why);
        return;
      case 'persist':
        this.#persist(effect.writes, effect.after);
        return;
      case 'timer': {
        const [minMs, maxMs] = effect.afterMs;
        this.#alarms.set(minMs + (maxMs - minMs) * this.#options.random.next(), () => this.#dispatch(effect.event));
        return;
      }
      case 'event':
        this.#dispatch(effect.event);
        return;
      case 'answer':
        this.#resolveAnswer(effect.token, effect.answer);
        return;
      case 'reply':
        this.#resolveAnswer(effect.token, withIndex(effect.reply, this.#options.conversation));
        return;
      case 'finish':
        this.#waiting.get(effect.operation)?.(effect.result);
        this.#waiting.delete(effect.operation);
    }
  }

  #persist(writes: readonly Write[], after: readonly Effect[]): void {
    this.#options.journal.commit(writes).then(
      () => {
        if (!this.#stopped) this.#orStop('persist', () => this.#effects.push(after));
      },
      // The journal itself reports a failed disk and stops the node; what hung on this write must not happen.
      () => undefined,
    );
  }

  #resolveAnswer(token: number, answer: ClaimAnswer | Reply): void {
    this.#answers.get(token)?.(answer as never);
    this.#answers.delete(token);
  }
}
