// Carrying out a move while the configuration is joint: learns from a majority of the old voters which registers there are, has every one
// of them chosen again by the old and the new, and only then has the new voters decide alone. Taken up by another host, it begins
// again: choosing twice is harmless.

import type { CoreState } from '../claims/core-state.ts';
import type { Effect } from '../claims/events.ts';
import { CLAIM_VERSION, type KeysAnswer, type KeysQuestion } from '../claims/messages.ts';
import { KEYS_PER_MESSAGE_MAX, KEYS_PER_PAGE_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import { ownOperation, rechoose } from '../register/operation.ts';
import { type Config, voteKey } from './config.ts';
import { decide } from './config-proposal.ts';
import { standingOf, strayed } from './epoch.ts';
import { isRechosen, nextKeys, settledConfig, takeKeys, toAskForKeys } from './move.ts';

/** The next step of a move: learn the keys, choose them again, go on to the new voters alone. */
export function takeOver(state: CoreState, config: Config, out: Effect[]): void {
  const { move } = state;
  if (move === undefined) return;
  if (!state.rules.rechooses) {
    decide(state, settledConfig(config), out);
    return;
  }
  for (const [to, after] of toAskForKeys(move, config, state.nowMs)) {
    const question: KeysQuestion = { ...standingOf(state), about: 'keys', after };
    out.push({ type: 'ask', to, question });
  }
  for (let keys = nextKeys(move, KEYS_PER_MESSAGE_MAX); keys.length > 0; keys = nextKeys(move, KEYS_PER_MESSAGE_MAX)) {
    const operation = ownOperation(state);
    move.rechoosing.set(operation, keys.length);
    rechoose(state, operation, keys, out);
  }
  if (isRechosen(move)) decide(state, settledConfig(config), out);
}

/** One batch of addresses is chosen again. */
export function rechosen(state: CoreState, operation: number, out: Effect[]): void {
  const { move } = state;
  const { config } = state.membership;
  if (move === undefined || config?.old === undefined) return;
  move.done += move.rechoosing.get(operation) ?? 0;
  move.rechoosing.delete(operation);
  takeOver(state, config, out);
}

/** The addresses that this host knows of, a page of them. */
export function tellKeys(state: CoreState, question: KeysQuestion): KeysAnswer {
  const incarnation = state.membership.starts.own.data;
  const elsewhere = strayed(state, question, 'keys');
  if (elsewhere !== undefined) return elsewhere;
  if (!state.rules.mayVote(state.membership)) return { version: CLAIM_VERSION, kind: 'refused', incarnation };
  // Of the moment this epoch was first asked about: what came later was chosen under it already.
  if (state.keysAsOf?.epoch !== question.epoch) state.keysAsOf = { epoch: question.epoch, keys: keysKnown(state) };
  const { keys } = state.keysAsOf;
  const from = question.after === '' ? 0 : firstAbove(keys, question.after);
  const page = keys.slice(from, from + KEYS_PER_PAGE_MAX);
  return { version: CLAIM_VERSION, kind: 'keys', incarnation, keys: page, more: from + page.length < keys.length };
}

/** Of the registers, and of what the registry holds should its registers be lost. */
function keysKnown({ registers, registry }: CoreState): readonly AddressKey[] {
  return [...new Set([...registers.keys(), ...registry.keys()])].sort();
}

/** Takes a page of another host's keys. */
export function hearKeys(
  state: CoreState,
  from: HostId,
  question: KeysQuestion,
  answer: KeysAnswer,
  out: Effect[],
): void {
  const { move } = state;
  const { config } = state.membership;
  if (answer.kind !== 'keys' || move === undefined || config?.old === undefined) return;
  const vote = voteKey(from, answer.incarnation);
  if (question.epoch !== config.epoch || move.told.get(vote)?.after !== question.after) return;
  takeKeys(move, config, vote, answer, state.rules.haveToldEnough);
  takeOver(state, config, out);
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
