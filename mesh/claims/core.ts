// The claims of one node as a state machine without input or output: `step(state, event)` returns what is to be done, and a
// runner does it: quorum.ts in a node, the simulator in the tests. Same state, same events, same effects.
// What an answer or a message depends on is durable before it leaves (`persist … after`). A claim's intent (its `unsettled`
// record) is durable before its value is exposed, and ends in the very commit in which the registry takes the address.
import { FORMING_INTERVAL_MS, GREETING_INTERVAL_MS } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { vote } from './acceptor.ts';
import type { Owner } from './claim-store.ts';
import { type CoreState, isAbandoned } from './core-state.ts';
import type { Effect, Event, Inner } from './events.ts';
import {
  counts,
  formedAgreement,
  greetingOf,
  isAlone,
  isFormed,
  majorityOf,
  mayAdoptWish,
  obstacleOf,
  sameVoters,
  votersOf,
} from './forming.ts';
import type { ClaimAnswer, ClaimMessage, Greeting, Item, ItemAnswer } from './messages.ts';
import {
  advance,
  attempt,
  begin,
  claim,
  end,
  exposePrepared,
  free,
  ownOperation,
  read,
  reserveBallots,
  retry,
  timer,
  toAll,
  unavailable,
} from './operations.ts';
import { hear } from './proposer.ts';
import { agreementWrite, incarnationWrite, registerWrite } from './records.ts';

/** One transition. `nowMs`: the monotonic clock. */
export function step(state: CoreState, event: Event, nowMs: number): readonly Effect[] {
  state.nowMs = nowMs;
  const out: Effect[] = [];
  switch (event.type) {
    case 'started':
      start(state, out);
      break;
    case 'wished':
      state.membership.wish = event.voters;
      adoptWish(state, out);
      greet(state, out);
      break;
    case 'claim':
      claim(state, event.operation, event.claims, out);
      form(state, out);
      break;
    case 'free':
      free(state, event.operation, event.claims, out);
      break;
    case 'read':
      read(state, event.operation, event.key, out);
      form(state, out);
      break;
    case 'received':
      answer(state, event.token, event.from, event.message, out);
      break;
    case 'answered':
      take(state, event.from, event.answer, event.tookMs, out);
      break;
    case 'greeted':
      answerGreeting(state, event.token, event.from, event.greeting, out);
      break;
    case 'greetingAnswered':
      hearGreeting(state, event.from, event.greeting, out);
      break;
    case 'silent':
      // What it said before does not make it reachable now.
      if ((state.heardAtMs.get(event.from) ?? -Infinity) <= event.sinceMs) state.heardAtMs.delete(event.from);
      break;
    default:
      inner(state, event, out);
  }
  return out;
}

function inner(state: CoreState, event: Inner, out: Effect[]): void {
  switch (event.type) {
    case 'greetingDue':
      greet(state, out);
      out.push(timer(isFormed(state.membership) ? GREETING_INTERVAL_MS : FORMING_INTERVAL_MS, { type: 'greetingDue' }));
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
  out.push({
    type: 'persist',
    writes: [incarnationWrite(state.membership.incarnation)],
    after: [{ type: 'event', event: { type: 'greetingDue' } }],
  });
  reserveBallots(state, out);
  adoptWish(state, out);
  for (const claim of state.unsettledAtStart) free(state, ownOperation(state), [claim], out);
}

function adoptWish(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  if (membership.agreed === undefined || sameVoters(membership.agreed.voters, membership.wish)) return;
  if (!mayAdoptWish(membership, state.registers.size === 0 && state.registry.isEmpty())) return;
  membership.agreed = undefined;
  out.push({ type: 'persist', writes: [agreementWrite(undefined)], after: [] });
}

function greet(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  const voters = new Set([...votersOf(membership), ...membership.wish]);
  for (const to of voters)
    if (to !== membership.self) out.push({ type: 'greet', to, greeting: greetingOf(membership) });
}

function answerGreeting(state: CoreState, token: number, from: HostId, greeting: Greeting, out: Effect[]): void {
  const { membership } = state;
  const writes = sameVoters(greeting.voters, membership.wish) ? declare(state) : [];
  hearGreeting(state, from, greeting, out);
  out.push({ type: 'persist', writes, after: [{ type: 'answerGreeting', token, greeting: greetingOf(membership) }] });
}

function hearGreeting(state: CoreState, from: HostId, greeting: Greeting, out: Effect[]): void {
  const { membership } = state;
  membership.greetings.set(from, greeting);
  // A voter that lost its disk is there, but it can't vote: it does not count as reached.
  if (!isFormed(membership) || counts(membership, from, greeting.incarnation)) state.heardAtMs.set(from, state.nowMs);
  form(state, out);
}

/** Fixes the wish as agreed, before another host may count on it. */
function declare(state: CoreState): Write[] {
  const { membership } = state;
  if (membership.agreed !== undefined) return [];
  membership.agreed = { voters: membership.wish };
  return [agreementWrite(membership.agreed)];
}

/** Forms the mesh when every voter was heard, and lets the claims that waited for it begin. */
function form(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  const waiting = [...state.operations.values()].filter((operation) => !operation.begun);
  // A lone host fixes itself as the mesh with its first claim only: until then its hosts.json may still grow.
  if (isAlone(membership) && waiting.length === 0) return;
  const formed = formedAgreement(membership);
  if (formed) {
    membership.agreed = formed;
    out.push({ type: 'persist', writes: [agreementWrite(formed)], after: [] });
  }
  const obstacle = obstacleOf(membership);
  for (const operation of waiting) {
    if (isFormed(membership)) begin(state, operation, out);
    else if (obstacle?.reason === 'membership_mismatch' && operation.kind === 'claim')
      end(state, operation, unavailable(state), out);
  }
}

/** This host's votes. Every answer leaves after what it depends on is durable, also when that was written earlier. */
function answer(state: CoreState, token: number, from: HostId, message: ClaimMessage, out: Effect[]): void {
  const { membership } = state;
  const voters = votersOf(membership);
  if (!sameVoters(message.voters, voters) || !voters.includes(membership.self)) {
    out.push({ type: 'answer', token, answer: { version: 1, kind: 'mismatch', voters } });
    return;
  }
  const writes = declare(state);
  const answers: ItemAnswer[] = [];
  for (const item of message.items) {
    const { answer, register } = vote(state.registers.get(item.key), from, item, state.registry.holder);
    if (register) {
      state.registers.set(item.key, register);
      writes.push(registerWrite(item.key, register));
    }
    answers.push(answer);
  }
  const { incarnation } = membership;
  out.push({
    type: 'persist',
    writes,
    after: [{ type: 'answer', token, answer: { version: 1, kind: 'items', incarnation, items: answers } }],
  });
}

function take(state: CoreState, from: HostId, answer: ClaimAnswer, tookMs: number, out: Effect[]): void {
  if (answer.kind === 'mismatch') {
    state.refusing.add(from);
    return;
  }
  if (!counts(state.membership, from, answer.incarnation)) return;
  state.heardAtMs.set(from, state.nowMs);
  state.refusing.delete(from);
  if (from !== state.membership.self) state.roundTripMs = state.roundTripMs * 0.9 + tookMs * 0.1;
  const voters = votersOf(state.membership);
  const electorate = {
    voters,
    majority: majorityOf(voters),
    abandoned: (key: AddressKey, owner: Owner) => isAbandoned(state, key, owner),
  };
  const proposals: Item[] = [];
  for (const item of answer.items) {
    if (item.kind === 'nack') state.highestBallot = Math.max(state.highestBallot, item.promised[0]);
    const proposal = state.attempts.get(item.n);
    if (proposal) advance(state, proposal, hear(proposal, from, item, electorate), proposals, out);
  }
  if (proposals.length > 0) out.push(...toAll(state, proposals));
}
