// The claims of one node as a state machine without input or output: `step(state, event)` returns what is to be done, and a
// runner does it: quorum-claims.ts in a node, the simulator in the tests. Same state, same events, same effects.
// What an answer or a message depends on is durable before it leaves (`persist … after`). A claim's intent (its `unsettled`
// record) is durable before its value is exposed, and ends in the very commit in which the registry takes the address.

import { adopt } from '../membership/adoption.ts';
import { type Config, canDecideWithout, isQuorum, isVoter, voteKey } from '../membership/config.ts';
import { strayed } from '../membership/epoch.ts';
import { reviewEvictions } from '../membership/eviction.ts';
import { greet, greetAll, greetInTurn, introduce, nudge } from '../membership/greeting.ts';
import { mayVote, noteElectorsHeard } from '../membership/membership.ts';
import { attend, rechosen } from '../membership/move.ts';
import { unavailable } from '../membership/obstacles.ts';
import { evict, evictOver, join, recover, recoverNow } from '../membership/operator.ts';
import { answerQuestion, hearReply } from '../membership/questions.ts';
import { isReplaced, startOf } from '../membership/starts.ts';
import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { vote } from '../register/acceptor.ts';
import { proposerName } from '../register/ballot.ts';
import type { Item, ItemAnswer } from '../register/item.ts';
import { type Electorate, hear } from '../register/proposer.ts';
import { attempt, reserveBallots, retry, toAll } from './attempts.ts';
import { registerWrite } from './claim-records.ts';
import { type CoreState, isAbandoned } from './core-state.ts';
import type { Effect, Event, Inner } from './events.ts';
import { CLAIM_VERSION, type ClaimAnswer, type ClaimMessage } from './messages.ts';
import { advance, claim, confirm, end, exposePrepared, free, ownOperation, read } from './operation.ts';

/** One transition. `nowMs`: the monotonic clock; `wallMs`: the wall clock, by which hosts that left the mesh are counted as gone. */
export function step(state: CoreState, event: Event, nowMs: number, wallMs: number): readonly Effect[] {
  state.nowMs = nowMs;
  state.wallMs = wallMs;
  const out: Effect[] = [];
  switch (event.type) {
    case 'started':
      start(state, out);
      break;
    case 'wished':
      state.membership.wish = event.wish;
      reviewEvictions(state.membership, out);
      greetAll(state.membership, out);
      attend(state, out);
      break;
    case 'greet':
      greet(state.membership, event.to, out);
      break;
    case 'claim':
      claim(state, event.operation, event.claims, out);
      if (state.membership.config === undefined) attend(state, out);
      break;
    case 'evict':
      evict(state, event.operation, event.host, out);
      break;
    case 'recover':
      recover(state, event.operation, event.voters, out);
      break;
    case 'join':
      join(state, event.operation, event.host, out);
      break;
    case 'confirm':
      confirm(state, event.operation, event.claims, out);
      break;
    case 'free':
      free(state, event.operation, event.claims, out);
      break;
    case 'read':
      read(state, event.operation, event.key, out);
      if (state.membership.config === undefined) attend(state, out);
      break;
    case 'received':
      answer(state, event.token, event.from, event.message, out);
      break;
    case 'answered':
      hearAnswer(state, event.from, event.answer, event.tookMs, out);
      break;
    case 'asked':
      answerQuestion(state, event.token, event.from, event.question, out);
      break;
    case 'replied':
      hearReply(state, event.from, event.question, event.reply, out);
      break;
    case 'silent':
      forgetHearing(state, event.from, event.sinceMs);
      break;
    case 'ungreeted':
      forgetHearing(state, event.from, event.sinceMs);
      noteRefusal(state, event.from, event.why);
      break;
    default:
      inner(state, event, out);
  }
  return out;
}

function noteRefusal({ membership: { refusals } }: CoreState, host: HostId, why: string | undefined): void {
  if (why === undefined) refusals.delete(host);
  else refusals.set(host, why);
}

/** What it said before does not make it reachable now. */
function forgetHearing({ membership, heardAtMs }: CoreState, host: HostId, sinceMs: number): void {
  const { voters, old } = membership.config ?? {};
  for (const data of [voters?.[host], old?.[host]]) {
    const vote = voteKey(host, data ?? '');
    if ((heardAtMs.get(vote) ?? -Infinity) <= sinceMs) heardAtMs.delete(vote);
  }
}

function inner(state: CoreState, event: Inner, out: Effect[]): void {
  switch (event.type) {
    case 'greetingDue':
      greetInTurn(state, out);
      break;
    case 'evictOver':
      evictOver(state, event.operation, out);
      break;
    case 'recoverDue':
      recoverNow(state, event, out);
      break;
    case 'hearingOver':
      state.membership.starts.isHearingOver = true;
      noteElectorsHeard(state.membership);
      break;
    case 'votesKept':
      state.membership.starts.votesTold = Math.max(state.membership.starts.votesTold, event.votes);
      greetAll(state.membership, out);
      break;
    case 'rechosen':
      rechosen(state, event.operation, out);
      break;
    case 'attemptOver': {
      const proposal = state.attempts.get(event.n);
      if (proposal) retry(state, proposal, out);
      break;
    }
    case 'retryDue': {
      const proposal = state.operations
        .get(event.operation)
        ?.proposals.find((one) => one.key === event.key && one.phase === 'idle');
      if (proposal) attempt(state, [proposal], out);
      break;
    }
    case 'operationOver': {
      const operation = state.operations.get(event.operation);
      if (operation) end(state, operation, unavailable(state), out);
      break;
    }
    case 'intentDurable': {
      const operation = state.operations.get(event.operation);
      if (operation) exposePrepared(state, operation, out);
      break;
    }
    case 'ceilingDurable':
      state.ballotCeiling = Math.max(state.ballotCeiling, event.ceiling);
      break;
  }
}

function start(state: CoreState, out: Effect[]): void {
  introduce(state, out);
  reserveBallots(state, out);
  for (const claim of state.unsettledAtStart) free(state, ownOperation(state), [claim], out);
}

/** This host's votes. Every answer leaves after what it depends on is durable, also when that was written earlier. */
function answer(state: CoreState, token: number, from: HostId, message: ClaimMessage, out: Effect[]): void {
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
    const { answer, register } = vote(state.registers.get(item.key), proposer, item, state.registry.holder);
    if (register) {
      state.registers.set(item.key, register);
      starts.votes += 1;
      writes.push(registerWrite(item.key, register));
    }
    answers.push(answer);
  }
  out.push({
    type: 'persist',
    writes,
    after: [{ type: 'answer', token, answer: { version: CLAIM_VERSION, kind: 'items', incarnation, items: answers } }],
  });
}

function hearAnswer(state: CoreState, from: HostId, answer: ClaimAnswer, tookMs: number, out: Effect[]): void {
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
    if (item.kind === 'nack') state.highestBallot = Math.max(state.highestBallot, item.promised[0]);
    const proposal = state.attempts.get(item.n);
    if (proposal) {
      const progress = hear(proposal, voter, item, electorate);
      advance(state, proposal, progress, proposals, out);
    }
  }
  if (proposals.length > 0) out.push(...toAll(state, proposals));
}

/** Whose votes decide under that configuration, and which claims are void. */
function electorateOf(state: CoreState, config: Config): Electorate {
  return {
    isQuorum: (votes) => isQuorum(config, votes),
    canDecideWithout: (refusals) => canDecideWithout(config, refusals),
    abandoned: (key, owner) => isAbandoned(state, key, owner),
  };
}
