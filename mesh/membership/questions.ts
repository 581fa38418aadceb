// What hosts ask each other about membership, and what they answer: greetings, votes on the next configuration, pages of keys. Each answer
// leaves once everything that it depends on is durable.
// An answer that never comes needs nothing here: greetings come again, and a proposal or a move has a time of its own.

import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { seenStartGone, seenStartWrite } from '../state/claim-records.ts';
import { isVoter, voteKey } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { noteElectorsHeard } from '../state/membership.ts';
import {
  CLAIM_VERSION,
  type Greeting,
  type GreetingAgain,
  type KeysAnswer,
  type MembershipQuestion,
  type Reply,
  type SuccessionAnswer,
} from '../state/messages.ts';
import { adopt, withdraw } from './adoption.ts';
import { hearEvictions } from './eviction.ts';
import { greet, greetingTo } from './greeting.ts';
import { answerKeys, attend, hearKeysAnswer } from './move.ts';
import { asTold, sharingLists, tellWhole, wholeGreeting } from './profile.ts';
import { judgeStart, rejoin } from './rejoin.ts';
import { forgetFormerData, rememberStart } from './seen-starts.ts';
import { answerProposal, hearProposalAnswer } from './succession.ts';

/** Answers what another host asked. `token`: the runner's, for this question. */
export function answerQuestion(
  state: CoreState,
  token: number,
  from: HostId,
  question: MembershipQuestion,
  out: Effect[],
): void {
  const writes: Write[] = [];
  const reply = replyTo(state, from, question, writes, out);
  out.push({ type: 'persist', writes, after: [{ type: 'reply', token, reply }] });
}

function replyTo(state: CoreState, from: HostId, question: MembershipQuestion, writes: Write[], out: Effect[]): Reply {
  switch (question.about) {
    case 'greeting':
      hearGreeting(state, from, question, out);
      return asTold(state.membership, greetingTo(state.membership, from), from);
    case 'again':
      return answerAgain(state, from, question, out);
    case 'succession':
      return answerProposal(state, from, question, writes);
    case 'keys':
      return answerKeys(state, question);
  }
}

/** Answers a short greeting as the whole one that it stands for, or asks for that. */
function answerAgain(state: CoreState, from: HostId, again: GreetingAgain, out: Effect[]): Reply {
  const { membership } = state;
  const whole = wholeGreeting(membership, from, again);
  if (whole === undefined) return { version: CLAIM_VERSION, kind: 'unknown', incarnation: membership.starts.own.data };
  return replyTo(state, from, whole, [], out);
}

/** Hears the answer to what this host asked. */
export function hearReply(
  state: CoreState,
  from: HostId,
  question: MembershipQuestion,
  reply: Reply,
  out: Effect[],
): void {
  if ('about' in reply) {
    const whole = reply.about === 'again' ? wholeGreeting(state.membership, from, reply) : reply;
    // What this host does not have any more came late: what it has now is said with the next greeting.
    if (whole !== undefined) hearGreeting(state, from, whole, out);
    return;
  }
  if (reply.kind === 'unknown') {
    tellWhole(state.membership, from);
    greet(state.membership, from, out);
  } else if (reply.kind === 'ahead') adopt(state, reply.config, out);
  else if (reply.kind === 'behind') greet(state.membership, from, out);
  if (question.about === 'succession') {
    const chosen = hearProposalAnswer(state, from, reply as SuccessionAnswer, out);
    if (chosen !== undefined) adopt(state, chosen, out);
  } else if (question.about === 'keys') hearKeysAnswer(state, from, question, reply as KeysAnswer, out);
}

function hearGreeting(state: CoreState, from: HostId, greeting: Greeting, out: Effect[]): void {
  const { membership } = state;
  if (greeting.standsBack === true) return;
  membership.refusals.delete(from);
  membership.greetings.set(from, { greeting: sharingLists(membership, greeting), atMs: state.nowMs });
  noteElectorsHeard(membership);
  hearStart(state, from, greeting, out);
  if (greeting.config !== undefined) adopt(state, greeting.config, out);
  noteReach(state, from, greeting);
  const writes = hearEvictions(membership, from, greeting);
  if (writes.length > 0) out.push({ type: 'persist', writes, after: [] });
  attend(state, out);
}

/** Remembers which start of the other host speaks, and judges what that host remembers of this one (steps 14 to 16). */
function hearStart(state: CoreState, from: HostId, greeting: Greeting, out: Effect[]): void {
  const { starts, config } = state.membership;
  const remembered = rememberStart(starts, from, greeting);
  if (remembered !== undefined)
    out.push({
      type: 'persist',
      writes: [
        seenStartWrite(remembered.who, remembered.start),
        ...forgetFormerData(starts, config, from).map(seenStartGone),
      ],
      after: [],
    });
  const { you } = greeting;
  if (you === undefined || you.incarnation !== starts.own.data) return;
  switch (judgeStart(starts, { number: you.life, name: you.boot, votes: you.votes })) {
    case 'known':
      starts.isKnown = true;
      return;
    case 'nothing':
      return;
    case 'used twice':
      withdraw(state, from, out);
      return;
    case 'older copy':
      rejoin(state, from, you.life, out);
  }
}

/** A voter is reached when it speaks on the data that votes, in this mesh; one that speaks on other data has lost its vote. */
function noteReach({ membership: { config }, heardAtMs, nowMs }: CoreState, from: HostId, greeting: Greeting): void {
  if (config === undefined) return;
  const { incarnation: data, mesh } = greeting;
  for (const voting of [config.voters[from], config.old?.[from]])
    if (voting !== undefined && voting !== data) heardAtMs.delete(voteKey(from, voting));
  if (isVoter(config, from, data) && mesh === config.mesh) heardAtMs.set(voteKey(from, data), nowMs);
}
