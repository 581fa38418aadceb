// The default ClaimStore: the voters of the mesh themselves, nothing to install. Runs the core's effects against the journal,
// the peers and the clock. Everything it decides is decided in core.ts; here is only how it is done.
// It does not outlive a failed disk: when the journal rejects, nothing more is answered, and the node stops.

import { Alarms } from '../alarms.ts';
import { GREETING_INTERVAL_MS, GREETING_MS_MAX, PEER_BODY_BYTES_MAX, RELEASE_ANSWER_MS_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Clock, Journal, PeerTransport, Random, Write } from '../ports.ts';
import type {
  Claim,
  ClaimStatus,
  ClaimStore,
  Conflict,
  Held,
  Owner,
  Release,
  ReleasedClaim,
  Unavailable,
} from './claim-store.ts';
import { step } from './core.ts';
import { type CoreState, createCore, type RegistryView, reachedVoters } from './core-state.ts';
import type { Effect, Event, Result } from './events.ts';
import { majorityOf, obstacleOf, votersOf } from './forming.ts';
import {
  type ClaimAnswer,
  type ClaimMessage,
  claimAnswerSchema,
  type Greeting,
  greetingSchema,
  type Item,
} from './messages.ts';
import { CLAIM_MESSAGE_MS_MAX, Outbox } from './outbox.ts';
import { type ClaimRecords, unsettledWrite } from './records.ts';

export const CLAIM_MESSAGES_PATH = '/api/mesh/v1/claims/messages';
export const CLAIM_GREETINGS_PATH = '/api/mesh/v1/claims/greetings';

export interface QuorumOptions {
  readonly self: HostId;
  /** Voters by hosts.json, sorted. */
  readonly voters: readonly HostId[];
  readonly records: ClaimRecords;
  readonly registry: RegistryView;
  readonly journal: Journal;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly random: Random;
}

export class QuorumClaims implements ClaimStore {
  readonly #options: QuorumOptions;
  readonly #state: CoreState;
  readonly #alarms: Alarms;
  readonly #outboxes = new Map<HostId, Outbox>();
  readonly #waiting = new Map<number, (result: Result) => void>();
  readonly #answers = new Map<number, (answer: never) => void>();
  #lastNumber = 0;
  #stopped = false;

  constructor(options: QuorumOptions) {
    this.#options = options;
    this.#alarms = new Alarms(options.clock);
    const { self, voters, records, registry, random } = options;
    this.#state = createCore({
      self,
      voters,
      records,
      registry,
      freshIncarnation: Buffer.from(random.bytes(16)).toString('hex'),
    });
  }

  /** Takes up what a crash left unsettled, and greets the other voters. */
  start(): void {
    this.#tell({ type: 'started' });
  }

  /** hosts.json was edited. */
  wish(voters: readonly HostId[]): void {
    this.#tell({ type: 'wished', voters });
  }

  /** Ends what is in hand as `unavailable`; afterwards nothing is asked or answered. */
  stop(): void {
    this.#stopped = true;
    this.#alarms.stop();
    for (const finish of this.#waiting.values()) finish(this.#stopping());
    this.#waiting.clear();
  }

  async claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable> {
    const result = await this.#run((operation) => ({ type: 'claim', operation, claims }));
    if (result.kind === 'freed' || result.kind === 'read') throw new Error(`A claim can't end as '${result.kind}'.`);
    return result;
  }

  releasing(claims: readonly ReleasedClaim[]): readonly Write[] {
    return claims.map(unsettledWrite);
  }

  async release(claims: readonly ReleasedClaim[]): Promise<Release> {
    const freed = this.#run((operation) => ({ type: 'free', operation, claims }));
    const late = new Promise<undefined>((resolve) => this.#alarms.set(RELEASE_ANSWER_MS_MAX, () => resolve(undefined)));
    const result = await Promise.race([freed, late]);
    return result?.kind === 'freed' ? 'confirmed' : 'pending';
  }

  async read(key: AddressKey): Promise<Owner | null | Unavailable> {
    const result = await this.#run((operation) => ({ type: 'read', operation, key }));
    if (result.kind === 'read') return result.owner;
    if (result.kind === 'unavailable') return result;
    throw new Error(`A read can't end as '${result.kind}'.`);
  }

  status(): ClaimStatus {
    const voters = votersOf(this.#state.membership);
    const required = majorityOf(voters);
    const base = { kind: 'quorum', voters, required, unsettled: this.#state.operations.size };
    const obstacle = obstacleOf(this.#state.membership);
    // A lone host forms with its first claim: nothing stands in the way of that.
    if (obstacle) {
      const { reason, hosts } = obstacle;
      return { ...base, ready: false, why: obstacle.message, reason, hosts };
    }
    const withinMs = 2.5 * GREETING_INTERVAL_MS;
    const heard = reachedVoters(this.#state, withinMs);
    const reached = heard.length;
    if (reached >= required) return { ...base, ready: true };
    return {
      ...base,
      ready: false,
      reason: 'no_majority',
      hosts: voters.filter((voter) => !heard.includes(voter)),
      why: `${required} of ${voters.length} voters must answer; ${reached} did when last asked.`,
    };
  }

  /** A peer's message, its signature verified. */
  receive(from: HostId, message: ClaimMessage): Promise<ClaimAnswer> {
    return this.#answerTo((token) => ({ type: 'received', token, from, message }));
  }

  /** A peer's greeting, its signature verified. */
  receiveGreeting(from: HostId, greeting: Greeting): Promise<Greeting> {
    return this.#answerTo((token) => ({ type: 'greeted', token, from, greeting }));
  }

  #run(event: (operation: number) => Event): Promise<Result> {
    if (this.#stopped) return Promise.resolve(this.#stopping());
    this.#lastNumber += 1;
    const operation = this.#lastNumber;
    return new Promise((resolve) => {
      this.#waiting.set(operation, resolve);
      this.#tell(event(operation));
    });
  }

  #answerTo<Answer>(event: (token: number) => Event): Promise<Answer> {
    this.#lastNumber += 1;
    const token = this.#lastNumber;
    return new Promise<Answer>((resolve) => {
      this.#answers.set(token, resolve as (answer: never) => void);
      this.#tell(event(token));
    });
  }

  #tell(event: Event): void {
    if (this.#stopped) return;
    for (const effect of step(this.#state, event, this.#options.clock.monotonicMs())) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        if (effect.to === this.#options.self) this.#sendToSelf(effect.items);
        else this.#outbox(effect.to).push(effect.items);
        return;
      case 'greet':
        this.#greet(effect.to, effect.greeting);
        return;
      case 'persist':
        this.#persist(effect.writes, effect.after);
        return;
      case 'timer': {
        const [minMs, maxMs] = effect.afterMs;
        this.#alarms.set(minMs + (maxMs - minMs) * this.#options.random.next(), () => this.#tell(effect.event));
        return;
      }
      case 'event':
        this.#tell(effect.event);
        return;
      case 'answer':
        this.#resolveAnswer(effect.token, effect.answer);
        return;
      case 'answerGreeting':
        this.#resolveAnswer(effect.token, effect.greeting);
        return;
      case 'finish':
        this.#waiting.get(effect.operation)?.(effect.result);
        this.#waiting.delete(effect.operation);
    }
  }

  #persist(writes: readonly Write[], after: readonly Effect[]): void {
    this.#options.journal.commit(writes).then(
      () => {
        if (!this.#stopped) for (const effect of after) this.#do(effect);
      },
      // The journal itself reports a failed disk and stops the node; what hung on this write must not happen.
      () => undefined,
    );
  }

  #resolveAnswer(token: number, answer: ClaimAnswer | Greeting): void {
    this.#answers.get(token)?.(answer as never);
    this.#answers.delete(token);
  }

  /** This host's own vote: the same messages, without a network. */
  #sendToSelf(items: readonly Item[]): void {
    const { self } = this.#options;
    const message: ClaimMessage = { version: 1, voters: votersOf(this.#state.membership), items };
    void this.receive(self, message).then((answer) => this.#tell({ type: 'answered', from: self, answer, tookMs: 0 }));
  }

  #outbox(to: HostId): Outbox {
    const known = this.#outboxes.get(to);
    if (known) return known;
    const outbox = new Outbox({
      to,
      clock: this.#options.clock,
      say: (_, items) => this.#say(to, items),
      isWanted: (n) => this.#state.attempts.has(n),
      heard: (from, answer, tookMs) => this.#tell({ type: 'answered', from, answer, tookMs }),
      silent: (from, sinceMs) => this.#tell({ type: 'silent', from, sinceMs }),
    });
    this.#outboxes.set(to, outbox);
    return outbox;
  }

  async #say(to: HostId, items: readonly Item[]): Promise<ClaimAnswer> {
    const message: ClaimMessage = { version: 1, voters: votersOf(this.#state.membership), items };
    const answer = await this.#ask(to, CLAIM_MESSAGES_PATH, message, CLAIM_MESSAGE_MS_MAX);
    return claimAnswerSchema.parse(answer);
  }

  #greet(to: HostId, greeting: Greeting): void {
    const heard = this.#ask(to, CLAIM_GREETINGS_PATH, greeting, GREETING_MS_MAX).then((answer) =>
      greetingSchema.parse(answer),
    );
    const sinceMs = this.#options.clock.monotonicMs();
    heard.then(
      (answer) => this.#tell({ type: 'greetingAnswered', from: to, greeting: answer }),
      // Silence is a result: the presence of peers is watched, and logged, elsewhere.
      () => this.#tell({ type: 'silent', from: to, sinceMs }),
    );
  }

  async #ask(to: HostId, path: string, body: unknown, answerMsMax: number): Promise<unknown> {
    const request = {
      to,
      method: 'POST',
      path,
      body,
      answerMsMax,
      answerBytesMax: PEER_BODY_BYTES_MAX,
      answerSignature: 'required',
    } as const;
    return (await this.#options.transport.ask(request)).body;
  }

  #stopping(): Unavailable {
    const voters = votersOf(this.#state.membership);
    const message = 'This node is stopping. Nothing was claimed; try again in a moment.';
    return {
      kind: 'unavailable',
      reason: 'stopping',
      message,
      required: majorityOf(voters),
      reached: 0,
      hostsFailed: [],
    };
  }
}
