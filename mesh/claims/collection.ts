// Collecting released names (register/README.md, step 11): a register in which nobody has the address is dropped once every voter is known to
// say so under one ballot, and a floor stands for it. A voter looks after its own registers, in rounds, and asks all the others.
// When a name is dropped is a matter of economy alone: a voter that is away keeps the others from collecting, and nothing else.

import { COLLECTED_AT_ONCE_MAX, KEYS_PER_MESSAGE_MAX } from '../limits.ts';
import { standingOf, strayed } from '../membership/epoch.ts';
import { isReplaced } from '../membership/seen-starts.ts';
import type { AddressKey, HostId } from '../names.ts';
import { ownOperation, rechoose } from '../operations/operation.ts';
import type { Write } from '../ports.ts';
import type { Register } from '../register/acceptor.ts';
import { type Ballot, compareBallots } from '../register/ballot.ts';
import { type Config, hostsOf, isEverybody, isVoter, voteKey } from '../state/config.ts';
import type { CollectionTimes, CoreState } from '../state/core-state.ts';
import { type Effect, timer } from '../state/events.ts';
import { mayVote } from '../state/membership.ts';
import {
  CLAIM_VERSION,
  type ClaimQuestion,
  type CollectAnswer,
  type CollectQuestion,
  type ReleasedAnswer,
  type ReleasedQuestion,
  type ReleasedStanding,
  type Reply,
} from '../state/messages.ts';
import { dropRegister } from '../state/registers.ts';
import { startOf } from '../state/starts.ts';

/** When a voter of a node collects released names. */
export const COLLECTING: CollectionTimes = { afterMs: 600_000, everyMs: 60_000 };
/** Released names that a voter still keeps a register of. When there are more, it collects them earlier. */
export const RELEASED_KEPT_MAX = 20_000;

/** After a start: every name that was released before counts as released now. */
export function beginCollecting(state: CoreState, out: Effect[]): void {
  const { registers, collection, nowMs } = state;
  for (const key of registers.unowned()) collection.released.set(key, nowMs);
  if (collection.times !== undefined) out.push(timer(collection.times.everyMs, { type: 'collectDue' }));
}

/** The next round. One that not every voter has answered by now is given up. */
export function collectInTurn(state: CoreState, out: Effect[]): void {
  const { collection } = state;
  collection.round = undefined;
  beginRound(state, out);
  if (collection.times !== undefined) out.push(timer(collection.times.everyMs, { type: 'collectDue' }));
}

function beginRound(state: CoreState, out: Effect[]): void {
  const { membership, collection, registers } = state;
  const { config, self } = membership;
  if (config === undefined || config.old !== undefined || !mayVote(membership)) return;
  const due = dueIn(state, hostsOf(config.voters).indexOf(self));
  const idle: AddressKey[] = [];
  const uneven: AddressKey[] = [];
  const free: [AddressKey, Ballot][] = [];
  for (const key of due) {
    const register = registers.get(key);
    const ballot = freeSince(state, key, register);
    if (register?.accepted === null) idle.push(key);
    else if (ballot === undefined) uneven.push(key);
    else free.push([key, ballot]);
  }
  drop(state, idle, out);
  chooseAgain(state, uneven, out);
  if (free.length === 0) return;
  collection.lastRound += 1;
  const [keys, ballots] = [free.map(([key]) => key), free.map(([, ballot]) => ballot)];
  collection.round = { number: collection.lastRound, epoch: config.epoch, keys, ballots, answers: new Map() };
  const question: ReleasedQuestion = { ...spoken(state), about: 'released', round: collection.lastRound, keys };
  for (const to of hostsOf(config.voters)) if (to !== self) out.push({ type: 'ask', to, question });
  concludeRound(state, config, out);
}

/** The oldest released names whose time has come. The first voter goes first; the others are there should it be away. */
function dueIn({ collection, nowMs, registry }: CoreState, rank: number): readonly AddressKey[] {
  const { released, times } = collection;
  if (times === undefined) return [];
  const untilMs = nowMs - times.afterMs * (rank + 1);
  let tooMany = released.size - RELEASED_KEPT_MAX * (rank + 1);
  const due: AddressKey[] = [];
  for (const [key, sinceMs] of released) {
    if (due.length === COLLECTED_AT_ONCE_MAX || (sinceMs > untilMs && tooMany <= 0)) break;
    tooMany -= 1;
    if (registry.holder(key) === undefined) due.push(key);
  }
  return due;
}

/** The ballot under which this voter accepted that nobody has the address, when it promised nothing above it; else `undefined`. */
function freeSince(state: CoreState, key: AddressKey, register: Register | undefined): Ballot | undefined {
  if (register === undefined || register.accepted === null || register.value !== null) return undefined;
  if (compareBallots(register.promised, register.accepted) !== 0 || state.registry.holder(key)) return undefined;
  return register.accepted;
}

/** Whether a question is one of collecting released names (step 11). */
export function isAboutReleased(question: ClaimQuestion): question is ReleasedQuestion | CollectQuestion {
  return question.about === 'released' || question.about === 'collect';
}

/** Answers another voter. `token`: the runner's, for this question. */
export function answerAboutReleased(
  state: CoreState,
  token: number,
  from: HostId,
  question: ReleasedQuestion | CollectQuestion,
  out: Effect[],
): void {
  const writes: Write[] = [];
  const reply =
    question.about === 'released' ? tellReleased(state, from, question) : collect(state, from, question, writes);
  out.push({ type: 'persist', writes, after: [{ type: 'reply', token, reply }] });
}

/** Answers another voter's first question: how the registers stand here. Nothing is promised by it. */
function tellReleased(state: CoreState, from: HostId, question: ReleasedQuestion): ReleasedAnswer {
  const refusal = refusalTo(state, from, question);
  if (refusal !== undefined) return refusal;
  const standings = question.keys.map((key): ReleasedStanding => {
    const register = state.registers.get(key);
    const ballot = freeSince(state, key, register);
    if (ballot !== undefined) return { is: 'free', ballot };
    if (register === undefined && state.floor !== null && !state.registry.holder(key))
      return { is: 'gone', ballot: state.floor };
    return { is: 'kept' };
  });
  return { version: CLAIM_VERSION, kind: 'released', incarnation: state.membership.starts.own.data, standings };
}

/** Hears how another voter's registers stand; the last answer ends the round. */
export function hearReleased(
  state: CoreState,
  from: HostId,
  question: ReleasedQuestion | CollectQuestion,
  answer: Reply,
  out: Effect[],
): void {
  const { config } = state.membership;
  const { round } = state.collection;
  if (
    question.about !== 'released' ||
    'about' in answer ||
    answer.kind !== 'released' ||
    round?.number !== question.round ||
    config?.epoch !== round.epoch
  )
    return;
  if (!isVoter(config, from, answer.incarnation) || answer.standings.length !== round.keys.length) return;
  round.answers.set(voteKey(from, answer.incarnation), answer.standings);
  concludeRound(state, config, out);
}

/** Once every voter has answered: what all agree on is collected, what they do not agree on is chosen again, so that they will. */
function concludeRound(state: CoreState, config: Config, out: Effect[]): void {
  const { membership, collection, registers } = state;
  const { self, starts } = membership;
  const { round } = collection;
  const own = voteKey(self, starts.own.data);
  if (round === undefined || !isEverybody(config.voters, new Set([own, ...round.answers.keys()]))) return;
  collection.round = undefined;
  const agreed: { readonly key: AddressKey; readonly ballot: Ballot }[] = [];
  const uneven: AddressKey[] = [];
  for (const [at, key] of round.keys.entries()) {
    const ballot = round.ballots[at] as Ballot;
    const isStill = compareBallots(freeSince(state, key, registers.get(key)) ?? null, ballot) === 0;
    if (!isStill) continue;
    const isAgreed = [...round.answers.values()].every((standings) => isFreeAt(standings[at], ballot));
    if (isAgreed) agreed.push({ key, ballot });
    else uneven.push(key);
  }
  chooseAgain(state, uneven, out);
  if (agreed.length === 0) return;
  const question: CollectQuestion = { ...spoken(state), about: 'collect', registers: agreed };
  for (const to of hostsOf(config.voters)) if (to !== self) out.push({ type: 'ask', to, question });
  drop(
    state,
    agreed.map(({ key }) => key),
    out,
  );
  beginRound(state, out);
}

/** Whether a voter refuses whatever one that accepted `null` under that ballot would refuse, and tells no other value. */
function isFreeAt(standing: ReleasedStanding | undefined, ballot: Ballot): boolean {
  if (standing === undefined || standing.is === 'kept') return false;
  const order = compareBallots(standing.ballot, ballot);
  return standing.is === 'free' ? order === 0 : order >= 0;
}

/** Drops registers that every voter was seen to agree on, as far as they still stand as they did. `writes`: gains what must be durable. */
function collect(state: CoreState, from: HostId, question: CollectQuestion, writes: Write[]): CollectAnswer {
  const refusal = refusalTo(state, from, question);
  if (refusal !== undefined) return refusal;
  for (const { key, ballot } of question.registers) {
    const free = freeSince(state, key, state.registers.get(key));
    if (free !== undefined && compareBallots(free, ballot) === 0) writes.push(...dropRegister(state, key));
  }
  return { version: CLAIM_VERSION, kind: 'collected', incarnation: state.membership.starts.own.data };
}

/** `undefined` when the question is one of a voter, in this host's own epoch, and this host votes. */
function refusalTo(
  state: CoreState,
  from: HostId,
  question: ReleasedQuestion | CollectQuestion,
): Exclude<CollectAnswer, { readonly kind: 'collected' }> | undefined {
  const { config, starts } = state.membership;
  const incarnation = starts.own.data;
  const elsewhere = strayed(state, question);
  if (elsewhere !== undefined) return elsewhere;
  const isAnswered =
    config !== undefined &&
    config.old === undefined &&
    mayVote(state.membership) &&
    isVoter(config, from, question.incarnation) &&
    !isReplaced(config, starts, from, startOf(question));
  return isAnswered ? undefined : { version: CLAIM_VERSION, kind: 'refused', incarnation };
}

function drop(state: CoreState, keys: readonly AddressKey[], out: Effect[]): void {
  const writes = keys.flatMap((key) => dropRegister(state, key));
  if (writes.length > 0) out.push({ type: 'persist', writes, after: [] });
}

/** Under a new ballot every voter that is there accepts the same. Without a majority it waits for one, and nothing is added to what waits. */
function chooseAgain(state: CoreState, keys: readonly AddressKey[], out: Effect[]): void {
  if ([...state.operations.values()].some(({ kind }) => kind === 'rechoose')) return;
  for (let at = 0; at < keys.length; at += KEYS_PER_MESSAGE_MAX)
    rechoose(state, ownOperation(state), keys.slice(at, at + KEYS_PER_MESSAGE_MAX), out);
}

function spoken(state: CoreState) {
  const { own } = state.membership.starts;
  return { ...standingOf(state), life: own.number, boot: own.name } as const;
}
