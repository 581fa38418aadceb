// Carrying out what is due: the first configuration, the next one, and while the configuration is joint the way through it (steps 2, 4 and 7
// to 9 of README.md). A mover learns the keys from a majority of the old voters, has each of their registers chosen again by the joint
// electors, and then proposes the new voters alone.
// It promises no order among movers: another host may take over, or begin the same again, and choosing twice is harmless.

import { KEYS_PER_MESSAGE_MAX, KEYS_PER_PAGE_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import { ownOperation, rechoose, refuseWaiting } from '../operations/operation.ts';
import { GREETING_MS_MAX } from '../peer-silence.ts';
import { type Ballot, newerBallot } from '../register/ballot.ts';
import {
  type Config,
  firstConfig,
  hostsOf,
  isEverybody,
  isForgetting,
  isMajority,
  type VoteKey,
  voteKey,
} from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { type Membership, type Move, mayVote, wishesAlone } from '../state/membership.ts';
import { CLAIM_VERSION, type KeysAnswer, type KeysQuestion } from '../state/messages.ts';
import { isPristine, standingOf, strayed } from './epoch.ts';
import { firstVoters, isItsTurn, MOVER_RANK_MS, nextConfig, settledConfig } from './next-config.ts';
import { giveUpInTime, proposeConfig } from './succession.ts';

/** Addresses taken over at once while a mesh moves: few enough that claims go on beside them. */
const RECHOOSING_AT_ONCE_MAX = 400;
/** How long the mesh waits for every voter to tell its keys, before it forgets a host another time. */
const FORGETTING_MS_MAX = 60_000;

/** Does what is due, if it is this host's turn. Asked after each event that may make something due, and every few seconds. */
export function attend(state: CoreState, out: Effect[]): void {
  const { membership, nowMs } = state;
  const { config } = membership;
  giveUpInTime(membership, nowMs);
  if (config === undefined) {
    form(state, out);
    refuseWaiting(state, out);
    return;
  }
  if (config.old !== undefined) {
    membership.move ??= createMove(nowMs);
    if (isItsTurn(membership, membership.move.sinceMs, nowMs)) moveOn(state, config, out);
    return;
  }
  const next = nextConfig(membership, nowMs, new Date(state.wallMs).toISOString());
  proposeInTurn(state, next, out);
}

/**
 * A lone voter makes itself the mesh with its first claim only: until then its hosts.json may still grow. Those that it lists beside itself may
 * know of a mesh, or of its lost data, so they are heard first.
 */
function form(state: CoreState, out: Effect[]): void {
  const { membership, nowMs } = state;
  const isAwaited = [...state.operations.values()].some((operation) => !operation.begun);
  if (!isPristine(state)) return;
  if (wishesAlone(membership) && (!isAwaited || isHearingListed(membership, nowMs))) return;
  const voters = firstVoters(membership, nowMs);
  proposeInTurn(state, voters && firstConfig(voters, membership.wish.members), out);
}

/** Whether another host that is listed has yet to say what it knows, and has had less time for that than a greeting may take. */
function isHearingListed({ wish, self, greetings, listedAtMs }: Membership, nowMs: number): boolean {
  if (nowMs - listedAtMs > GREETING_MS_MAX) return false;
  return wish.members.some((host) => host !== self && !greetings.has(host));
}

/** `next`: absent when none is due. */
function proposeInTurn(state: CoreState, next: Config | undefined, out: Effect[]): void {
  const { membership, nowMs } = state;
  if (next === undefined) {
    membership.move = undefined;
    return;
  }
  membership.move ??= createMove(nowMs);
  if (isItsTurn(membership, membership.move.sinceMs, nowMs)) proposeConfig(state, next, out);
}

/** The next part of a move under a joint configuration: learn the keys, choose them again, settle. */
function moveOn(state: CoreState, config: Config, out: Effect[]): void {
  const { move } = state.membership;
  if (move === undefined) return;
  // A voter that is away for long must not hold up every other move.
  if (state.nowMs - move.sinceMs > FORGETTING_MS_MAX && isForgetting(config)) beginChoosing(move, config, isMajority);
  for (const [to, after] of toAskForKeys(move, config, state.nowMs)) {
    const question: KeysQuestion = { ...standingOf(state), about: 'keys', after };
    out.push({ type: 'ask', to, question });
  }
  for (let keys = nextKeys(move, KEYS_PER_MESSAGE_MAX); keys.length > 0; keys = nextKeys(move, KEYS_PER_MESSAGE_MAX)) {
    const operation = ownOperation(state);
    move.rechoosing.set(operation, keys.length);
    rechoose(state, operation, keys, out);
  }
  if (!isRechosen(move)) return;
  const isWhole = isEverybody(config.old ?? {}, wholly(move));
  proposeConfig(state, settledConfig(config, { floor: move.floor, isWhole }), out);
}

/** One batch of addresses is chosen again. */
export function rechosen(state: CoreState, operation: number, out: Effect[]): void {
  const { config, move } = state.membership;
  if (move === undefined || config?.old === undefined) return;
  move.done += move.rechoosing.get(operation) ?? 0;
  move.rechoosing.delete(operation);
  moveOn(state, config, out);
}

/** Answers a mover with a page of the keys that this host knows of: of its registers, and of its registry should it have lost registers. */
export function answerKeys(state: CoreState, question: KeysQuestion): KeysAnswer {
  const { membership, registers, registry } = state;
  const incarnation = membership.starts.own.data;
  const elsewhere = strayed(state, question);
  if (elsewhere !== undefined) return elsewhere;
  if (!mayVote(membership)) return { version: CLAIM_VERSION, kind: 'refused', incarnation };
  // A key that came after the first question of this epoch was chosen under it already.
  if (membership.keysTold?.epoch !== question.epoch)
    membership.keysTold = {
      epoch: question.epoch,
      keys: [...new Set([...registers.keys(), ...registry.keys()])].sort(),
    };
  const { keys } = membership.keysTold;
  const from = question.after === '' ? 0 : firstAbove(keys, question.after);
  const page = keys.slice(from, from + KEYS_PER_PAGE_MAX);
  const more = from + page.length < keys.length;
  const floor = state.floor === null ? {} : { floor: state.floor };
  return { version: CLAIM_VERSION, kind: 'keys', incarnation, keys: page, more, ...floor };
}

/** Hears a page of an old voter's keys, and goes on with the move. */
export function hearKeysAnswer(
  state: CoreState,
  from: HostId,
  question: KeysQuestion,
  answer: KeysAnswer,
  out: Effect[],
): void {
  const { config, move } = state.membership;
  if (answer.kind !== 'keys' || move === undefined || config?.old === undefined) return;
  const vote = voteKey(from, answer.incarnation);
  if (question.epoch !== config.epoch || move.told.get(vote)?.after !== question.after) return;
  hearKeys(move, config, vote, answer);
  moveOn(state, config, out);
}

/** A move that is due since now. */
export function createMove(nowMs: number): Move {
  return {
    ...{ sinceMs: nowMs, told: new Map(), keys: new Set(), floor: null },
    ...{ left: undefined, rechoosing: new Map(), done: 0 },
  };
}

/** The old voters that should be asked for (more of) their keys now, each with the key to go on after. */
export function toAskForKeys(move: Move, config: Config, nowMs: number): readonly (readonly [HostId, string])[] {
  if (move.left !== undefined) return [];
  const asks: (readonly [HostId, string])[] = [];
  for (const host of hostsOf(config.old ?? {})) {
    const vote = voteKey(host, config.old?.[host] ?? '');
    const told = move.told.get(vote) ?? { after: '', complete: false, askedAtMs: -Infinity };
    if (told.complete || nowMs - told.askedAtMs < MOVER_RANK_MS) continue;
    move.told.set(vote, { ...told, askedAtMs: nowMs });
    asks.push([host, told.after]);
  }
  return asks;
}

/** Notes one page of an old voter's keys. Once enough of the old voters have told all, `left` holds what is to be chosen again. */
export function hearKeys(
  move: Move,
  config: Config,
  vote: VoteKey,
  page: { readonly keys: readonly AddressKey[]; readonly more: boolean; readonly floor?: Ballot | undefined },
): void {
  const told = move.told.get(vote);
  if (told === undefined || move.left !== undefined) return;
  for (const key of page.keys) move.keys.add(key);
  move.floor = newerBallot(move.floor, page.floor ?? null);
  told.after = page.keys.at(-1) ?? told.after;
  told.complete = !page.more;
  told.askedAtMs = -Infinity;
  beginChoosing(move, config, config.unanimous === true || isForgetting(config) ? isEverybody : isMajority);
}

/** Once enough old voters have told all of their keys, these are to be chosen again. */
function beginChoosing(move: Move, { old = {} }: Config, isEnough: typeof isMajority): void {
  if (move.left === undefined && isEnough(old, wholly(move))) move.left = [...move.keys];
}

/** The old voters that have told all of their keys. */
function wholly({ told }: Move): ReadonlySet<VoteKey> {
  return new Set([...told].filter(([, { complete }]) => complete).map(([voter]) => voter));
}

/** The next `count` keys to be chosen again. Empty when enough are under way, or none is left, or the keys are not all known. */
export function nextKeys(move: Move, count: number): readonly AddressKey[] {
  let underWay = 0;
  for (const many of move.rechoosing.values()) underWay += many;
  if (move.left === undefined || underWay + count > RECHOOSING_AT_ONCE_MAX) return [];
  return move.left.splice(0, count);
}

/** Whether every key that was told is chosen again. */
export function isRechosen(move: Move): boolean {
  return move.left?.length === 0 && move.rechoosing.size === 0;
}

/** Position of the first of the sorted keys above `after`. */
function firstAbove(keys: readonly AddressKey[], after: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
