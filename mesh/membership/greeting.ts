// The core's part in membership: greeting, adopting what was agreed, having the next configuration chosen, taking addresses over.
// Called by claims/core.ts with each event; decides by membership.ts, move.ts and succession.ts, and asks by effects.

import {
  configWrites,
  dataWrite,
  registerGone,
  seenStartWrite,
  startWrite,
  successionGone,
} from '../claims/claim-records.ts';
import type { CoreState } from '../claims/core-state.ts';
import type { Effect } from '../claims/events.ts';
import type { Greeting, KeysAnswer, Question, Reply, SuccessionAnswer } from '../claims/messages.ts';
import { DECREE_MS_MAX, FORMING_INTERVAL_MS, GREETING_INTERVAL_MS, GREETING_MS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { beginAnew, beginWaiting, refuseWaiting, timer } from '../register/operation.ts';
import { type Config, electorsOf, firstConfig, hostsOf, isVoter, voteKey } from './config.ts';
import { decide, hearVote, voteOn } from './config-proposal.ts';
import { isPristine } from './epoch.ts';
import { goOnEvicting, hearEvictions } from './eviction.ts';
import { greetingTo, isHearingFirst, isJoining, mayAdopt, noteElectorsHeard, wishesAlone } from './membership.ts';
import { createMove, firstTarget, isItsTurn, nextConfig } from './move.ts';
import { beginOnOtherData, judgeStart, rememberStart } from './starts.ts';
import { hearKeys, takeOver, tellKeys } from './takeover.ts';

/** Greets everybody, and looks after what is due; comes back by itself. */
export function gather(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  const { starts } = membership;
  const { votes } = starts;
  const isFirst = !starts.isStored;
  starts.isStored = true;
  if (votes === starts.votesTold) greetAll(state, out, !isFirst && !isUnsettled(state));
  else
    out.push({
      type: 'persist',
      writes: [startWrite(starts)],
      after: [{ type: 'event', event: { type: 'votesKept', votes } }],
    });
  attend(state, out);
  out.push(timer(isUnsettled(state) ? FORMING_INTERVAL_MS : GREETING_INTERVAL_MS, { type: 'greetingDue' }));
}

/** Whether others are waited for: then every greeting may be the one that lets the mesh go on. */
function isUnsettled({ membership, move }: CoreState): boolean {
  const isBusy = membership.config === undefined || membership.config.old !== undefined;
  return isBusy || isJoining(membership) || isHearingFirst(membership) || move !== undefined;
}

/** A host's first words after a start. */
export function introduce(state: CoreState, out: Effect[]): void {
  const { starts } = state.membership;
  const writes = [dataWrite(starts), startWrite(starts)];
  out.push({ type: 'persist', writes, after: [{ type: 'event', event: { type: 'greetingDue' } }] });
  out.push(timer(GREETING_MS_MAX, { type: 'hearingOver' }));
}

/** `isRoutine`: nothing is new since they were greeted last. */
export function greetAll(state: CoreState, out: Effect[], isRoutine = false): void {
  const { membership } = state;
  const { config, wish, self } = membership;
  const electors = config === undefined ? [] : electorsOf(config);
  for (const to of new Set([...electors, ...wish.voters, ...wish.members]))
    if (to !== self) greet(state, to, out, isRoutine);
}

/** Answers what another host asked about membership. */
export function answerQuestion(state: CoreState, token: number, from: HostId, question: Question, out: Effect[]): void {
  const writes: Write[] = [];
  const reply = replyTo(state, from, question, writes, out);
  out.push({ type: 'persist', writes, after: [{ type: 'reply', token, reply }] });
}

function replyTo(state: CoreState, from: HostId, question: Question, writes: Write[], out: Effect[]): Reply {
  switch (question.about) {
    case 'greeting':
      hearGreeting(state, from, question, out);
      return greetingTo(state.membership, from);
    case 'succession':
      return voteOn(state, from, question, writes);
    case 'keys':
      return tellKeys(state, question);
  }
}

/** Takes the answer to what this host asked about membership. */
export function hearReply(state: CoreState, from: HostId, question: Question, reply: Reply, out: Effect[]): void {
  if ('about' in reply) {
    hearGreeting(state, from, reply, out);
    return;
  }
  if (reply.kind === 'ahead') adopt(state, reply.config, out);
  else if (reply.kind === 'behind') greet(state, from, out);
  if (question.about === 'succession') {
    const chosen = hearVote(state, from, reply as SuccessionAnswer, out);
    if (chosen !== undefined) adopt(state, chosen, out);
  } else if (question.about === 'keys') hearKeys(state, from, question, reply as KeysAnswer, out);
}

function hearGreeting(state: CoreState, from: HostId, greeting: Greeting, out: Effect[]): void {
  const { membership } = state;
  if (greeting.standsBack === true) return;
  membership.refusals.delete(from);
  membership.greetings.set(from, { greeting, atMs: state.nowMs });
  noteElectorsHeard(membership);
  hearStart(state, from, greeting, out);
  if (greeting.config !== undefined) adopt(state, greeting.config, out);
  const { config } = membership;
  forgetLost(state, from, greeting.incarnation);
  const writes = hearEvictions(membership, from, greeting);
  if (writes.length > 0) out.push({ type: 'persist', writes, after: [] });
  if (config !== undefined && isVoter(config, from, greeting.incarnation) && greeting.mesh === config.mesh)
    state.heardAtMs.set(voteKey(from, greeting.incarnation), state.nowMs);
  attend(state, out);
}

/** A voter that speaks in another incarnation can't be reached in the one that votes. */
function forgetLost({ membership: { config }, heardAtMs }: CoreState, host: HostId, data: string): void {
  for (const voting of [config?.voters[host], config?.old?.[host]])
    if (voting !== undefined && voting !== data) heardAtMs.delete(voteKey(host, voting));
}

/** Remembers which start of the other host speaks, and judges what it remembers of this one (steps 14 to 16). */
function hearStart(state: CoreState, from: HostId, greeting: Greeting, out: Effect[]): void {
  const { starts } = state.membership;
  const seen = rememberStart(starts, from, greeting);
  if (seen !== undefined) out.push({ type: 'persist', writes: [seenStartWrite(seen.who, seen.start)], after: [] });
  const { you } = greeting;
  if (you === undefined || you.incarnation !== starts.own.data) return;
  const remembered = { number: you.life, name: you.boot, votes: you.votes };
  switch (judgeStart(starts, remembered)) {
    case 'known':
      starts.isKnown = true;
      return;
    case 'nothing':
      return;
    case 'used twice':
      withdraw(state, from, out);
      return;
    case 'older copy': {
      const fields = { by: from, life: starts.own.number, seen: remembered.number };
      out.push({ type: 'log', event: 'mesh.rejoining', fields });
      out.push({ type: 'doubt', why: 'rejoined' });
      beginAnewOnOtherData(state, out);
    }
  }
}

/** Step 16. `by`: who knows of the later start. */
function withdraw({ membership: { starts } }: CoreState, by: HostId, out: Effect[]): void {
  if (starts.withdrawnOnWordOf === undefined)
    out.push({ type: 'log', event: 'mesh.used_twice', fields: { by, life: starts.own.number } });
  starts.withdrawnOnWordOf = by;
}

/** Step 15: this host is another voter from now on, one that knows nothing, and waits until the mesh has moved to it. */
function beginAnewOnOtherData(state: CoreState, out: Effect[]): void {
  out.push({ type: 'persist', writes: forget(state), after: [] });
  beginAnew(state, out);
  greetAll(state, out);
}

/** Leaves the mesh that this host was in, and its votes with it, for another one; it waits to be taken in there. */
export function moveOver(state: CoreState, config: Config, out: Effect[]): void {
  out.push({ type: 'log', event: 'mesh.joined', fields: { epoch: config.epoch, voters: hostsOf(config.voters) } });
  out.push({ type: 'doubt', why: 'joined' });
  goBy(state, config, forget(state), out);
}

/** Forgets what this host voted, and on which data. Returns what makes it so on the disk. */
function forget(state: CoreState): Write[] {
  const { membership, registers } = state;
  beginOnOtherData(membership.starts);
  membership.succession = undefined;
  const forgotten = [...registers.keys()].map(registerGone);
  registers.clear();
  state.decree = undefined;
  return [dataWrite(membership.starts), startWrite(membership.starts), successionGone, ...forgotten];
}

/** Goes by a later configuration: everything in hand begins anew under it. */
export function adopt(state: CoreState, config: Config, out: Effect[]): void {
  const { membership } = state;
  if (!mayAdopt(membership, config, isPristine(state))) return;
  const before = membership.config;
  const kind = kindOfChange(before, config);
  const old = config.old === undefined ? {} : { from: hostsOf(config.old) };
  const fields = { epoch: config.epoch, voters: hostsOf(config.voters), ...old };
  out.push({ type: 'log', event: `mesh.${kind}`, fields });
  if (kind === 'recovered') out.push({ type: 'doubt', why: 'recovered' });
  goBy(state, config, [], out);
}

/** `writes`: durable together with it. */
function goBy(state: CoreState, config: Config, writes: readonly Write[], out: Effect[]): void {
  const { self, starts, config: before } = state.membership;
  const { data } = starts.own;
  // This host voted, and now it is to vote on other data than it has: a copy of its data began anew elsewhere.
  const isReplaced = isNamed(before, self, data) && !isNamed(config, self, data) && self in config.voters;
  if (isReplaced && before?.mesh === config.mesh) withdraw(state, self, out);
  state.membership.config = config;
  state.membership.succession = undefined;
  state.decree = undefined;
  state.stuckWith = undefined;
  state.move = undefined;
  state.refusing.clear();
  state.keysAsOf = undefined;
  out.push({ type: 'persist', writes: [...writes, ...configWrites(config)], after: [] });
  goOnEvicting(state, out);
  beginAnew(state, out);
  beginWaiting(state, out);
  greetAll(state, out);
}

function isNamed(config: Config | undefined, host: HostId, data: string): boolean {
  return config?.voters[host] === data;
}

function kindOfChange(before: Config | undefined, after: Config): 'formed' | 'recovered' | 'moving' | 'moved' {
  if (before === undefined) return 'formed';
  if (before.mesh !== after.mesh) return 'recovered';
  return after.old === undefined ? 'moved' : 'moving';
}

/** Acts on whatever is due: a first configuration, a move, the next step of one. */
export function attend(state: CoreState, out: Effect[]): void {
  const { membership, nowMs } = state;
  const { config } = membership;
  if (state.decree !== undefined && nowMs - state.decree.sinceMs > DECREE_MS_MAX) state.decree = undefined;
  if (config === undefined) {
    form(state, out);
    refuseWaiting(state, out);
    return;
  }
  if (config.old !== undefined) {
    state.move ??= createMove(nowMs);
    if (isItsTurn(membership, state.move.sinceMs, nowMs)) takeOver(state, config, out);
    return;
  }
  const next = nextConfig(membership, nowMs, new Date(state.wallMs).toISOString());
  if (next === undefined) {
    state.move = undefined;
    return;
  }
  state.move ??= createMove(nowMs);
  if (isItsTurn(membership, state.move.sinceMs, nowMs)) decide(state, next, out);
}

/** A lone host fixes itself as the mesh with its first claim only: until then its hosts.json may still grow. */
function form(state: CoreState, out: Effect[]): void {
  const { membership, nowMs } = state;
  const isAwaited = [...state.operations.values()].some((operation) => !operation.begun);
  if (!isPristine(state) || (wishesAlone(membership) && !isAwaited)) return;
  const voters = firstTarget(membership, nowMs);
  if (voters === undefined) {
    state.move = undefined;
    return;
  }
  state.move ??= createMove(nowMs);
  if (isItsTurn(membership, state.move.sinceMs, nowMs))
    decide(state, firstConfig(voters, membership.wish.members), out);
}

/** Greets a host that is behind, but not for each of its answers. */
export function nudge(state: CoreState, to: HostId, out: Effect[]): void {
  if (state.nowMs - (state.nudgedAtMs.get(to) ?? -Infinity) < FORMING_INTERVAL_MS) return;
  state.nudgedAtMs.set(to, state.nowMs);
  greet(state, to, out);
}

/** A host whose start is not durable yet greets nobody. */
export function greet(state: CoreState, to: HostId, out: Effect[], isRoutine = false): void {
  if (!state.membership.starts.isStored) return;
  const question = greetingTo(state.membership, to);
  out.push({ type: 'ask', to, question, ...(isRoutine ? { isRoutine } : {}) });
}
