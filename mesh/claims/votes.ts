// Votes on registers, both ways: what this host answers when another asks, and what the answers of others lead to (register/README.md, steps 4
// to 7). Whether an answer counts is decided here; what it means for the register, in register/.

import { adopt } from '../membership/adoption.ts';
import { strayed } from '../membership/epoch.ts';
import { nudge } from '../membership/greeting.ts';
import { noteGuest } from '../membership/guests.ts';
import { isReplaced } from '../membership/seen-starts.ts';
import type { HostId } from '../names.ts';
import { toAll } from '../operations/attempts.ts';
import { advance } from '../operations/operation.ts';
import type { Write } from '../ports.ts';
import { vote } from '../register/acceptor.ts';
import { proposerName } from '../register/ballot.ts';
import type { Item, ItemAnswer } from '../register/item.ts';
import { hear } from '../register/proposer.ts';
import { noteBallotNumber } from '../state/ballot-numbers.ts';
import { isVoter, voteKey } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import { electorateOf } from '../state/electorate.ts';
import type { Effect } from '../state/events.ts';
import { mayVote } from '../state/membership.ts';
import { CLAIM_VERSION, type ClaimAnswer, type ClaimMessage } from '../state/messages.ts';
import { putRegister } from '../state/registers.ts';
import { startOf } from '../state/starts.ts';

/** This host's votes on the items of another. The answer leaves after what it depends on is durable, also when that was written earlier. */
export function answerItems(state: CoreState, token: number, from: HostId, message: ClaimMessage, out: Effect[]): void {
  const { membership } = state;
  const { config, starts } = membership;
  const incarnation = starts.own.data;
  const elsewhere = strayed(state, message);
  const isOut = config?.gone[from] !== undefined || isReplaced(config, starts, from, startOf(message));
  const isRefused = isOut || !mayVote(membership);
  if (elsewhere !== undefined || isRefused) {
    const refused = { version: CLAIM_VERSION, kind: 'refused', incarnation } as const;
    // After what was adopted is durable: the sender may go by it at once.
    out.push({ type: 'persist', writes: [], after: [{ type: 'answer', token, answer: elsewhere ?? refused }] });
    return;
  }
  const proposer = proposerName(from, message.incarnation);
  const writes: Write[] = [];
  const answers: ItemAnswer[] = [];
  for (const item of message.items) {
    const voter = { floor: state.floor, holder: state.registry.holder };
    const { answer, register } = vote(state.registers.get(item.key), proposer, item, voter);
    if (register) {
      starts.votes += 1;
      writes.push(putRegister(state, item.key, register), ...noteGuest(membership, register.value?.hostId));
    }
    answers.push(answer);
  }
  out.push({
    type: 'persist',
    writes,
    after: [{ type: 'answer', token, answer: { version: CLAIM_VERSION, kind: 'items', incarnation, items: answers } }],
  });
}

/** Counts the votes of another host, and acts on what they lead to; or goes by what it says instead of voting. `tookMs`: from question to answer. */
export function hearAnswer(state: CoreState, from: HostId, answer: ClaimAnswer, tookMs: number, out: Effect[]): void {
  const { membership } = state;
  if (answer.kind !== 'items') {
    state.refusing.add(from);
    if (answer.kind === 'ahead') adopt(state, answer.config, out);
    else if (answer.kind === 'behind') nudge(state, from, out);
    return;
  }
  const { config } = membership;
  const { incarnation } = answer;
  if (config === undefined || !isVoter(config, from, incarnation)) return;
  const voter = voteKey(from, incarnation);
  state.heardAtMs.set(voter, state.nowMs);
  state.refusing.delete(from);
  if (from !== membership.self) state.roundTripMs = state.roundTripMs * 0.9 + tookMs * 0.1;
  const electorate = electorateOf(state, config);
  const proposals: Item[] = [];
  for (const item of answer.items) {
    if (item.kind === 'nack') noteBallotNumber(state, item.promised[0]);
    const proposal = state.attempts.get(item.n);
    if (proposal) {
      const progress = hear(proposal, voter, item, electorate);
      advance(state, proposal, progress, proposals, out);
    }
  }
  if (proposals.length > 0) out.push(...toAll(state, proposals));
}
