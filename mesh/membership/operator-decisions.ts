// What only an operator may decide (steps 11, 18 and 19 of README.md): that a host which left will not come back, that a mesh goes on without
// voters whose data is lost, and that this host leaves its mesh for another one.
// The last two can lose claims: whoever asks for them must have said that this is understood. Each host asks afterwards about the addresses
// that it holds.

import type { HostId } from '../names.ts';
import { countVotes } from '../operations/vote-count.ts';
import { GREETING_MS_MAX } from '../peer-silence.ts';
import { electorsOf, isVoter, recoveredConfig, type Voters } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect, Event, Result } from '../state/events.ts';
import { timer } from '../state/events.ts';
import { freshGreeting } from '../state/membership.ts';
import { adopt, joinMesh } from './adoption.ts';
import { evictionSentence } from './claim-status.ts';
import { noteEviction, refusalOfEviction } from './eviction.ts';
import { companyIn, heardLatelyMs } from './greeted-hosts.ts';
import { greet, greetAll } from './greeting.ts';
import { attend } from './move.ts';

/** An operator waits this long for an eviction by the voters, which takes a second or two when they are there. */
export const EVICT_ANSWER_MS_MAX = 20_000;

/**
 * Evicts a host that left, or that leaves by this host's hosts.json. Ends in `done` once the voters have agreed on the
 * eviction, or in `refused`. Ends in `waiting` after `EVICT_ANSWER_MS_MAX`; the eviction goes on all the same.
 */
export function evict(state: CoreState, operation: number, host: HostId, out: Effect[]): void {
  const { membership } = state;
  const refusal = refusalOfEviction(membership, host);
  if (refusal !== undefined) {
    out.push({ type: 'finish', operation, result: refused(refusal) });
    return;
  }
  const writes = noteEviction(membership, host);
  if (writes.length === 0) {
    out.push({ type: 'finish', operation, result: { kind: 'done' } });
    return;
  }
  membership.evictionsAwaited.set(operation, host);
  const greetings: Effect[] = [];
  greetAll(membership, greetings);
  out.push({ type: 'persist', writes, after: greetings });
  out.push(timer(EVICT_ANSWER_MS_MAX, { type: 'evictOver', operation }));
  attend(state, out);
}

/** The time of an operator who waits for an eviction is over. */
export function evictOver({ membership, nowMs }: CoreState, operation: number, out: Effect[]): void {
  const { evictionsAwaited } = membership;
  const host = evictionsAwaited.get(operation);
  if (host === undefined) return;
  evictionsAwaited.delete(operation);
  const message = evictionSentence(membership, host, nowMs);
  out.push({ type: 'finish', operation, result: { kind: 'waiting', message } });
}

/**
 * Makes these hosts the only voters, once every host has been asked whether it is there. Ends in `done`, or in `refused` with a sentence.
 * The other hosts follow as they hear of it.
 */
export function recover(state: CoreState, operation: number, hosts: readonly HostId[], out: Effect[]): void {
  const refusal = whyNotRecover(state, hosts, state.nowMs);
  if (refusal !== undefined) {
    out.push({ type: 'finish', operation, result: refused(refusal) });
    return;
  }
  greetAll(state.membership, out);
  const company = companyIn(state.membership);
  for (const host of hosts)
    if (!company.has(host) && host !== state.membership.self) greet(state.membership, host, out);
  out.push(timer(GREETING_MS_MAX, { type: 'recoverDue', operation, voters: hosts, sinceMs: state.nowMs }));
}

/** Why these hosts can't go on alone, by what was heard after `sinceMs`; a sentence. */
function whyNotRecover(state: CoreState, hosts: readonly HostId[], sinceMs: number): string | undefined {
  const { config, self } = state.membership;
  const heardWithinMs = state.nowMs - sinceMs - 1;
  if (config === undefined) return 'The mesh has not formed yet, so there is nothing to go on from.';
  if (countVotes(state, heardWithinMs).decides)
    return 'A majority of the voters answers, so nothing is lost: take hosts out of hosts.json instead.';
  if (!hosts.includes(self)) return `The voters that go on must include this host, '${self}'.`;
  return undefined;
}

/** The second half of `recover`: the other hosts have had their time to answer, since `sinceMs`. */
export function recoverNow(
  state: CoreState,
  { operation, voters: hosts, sinceMs }: Extract<Event, { readonly type: 'recoverDue' }>,
  out: Effect[],
): void {
  const { membership } = state;
  const { config, wish } = membership;
  const refusal = whyNotRecover(state, hosts, sinceMs);
  const voters = refusal ?? votersLeft(state, hosts, sinceMs);
  if (config === undefined || typeof voters === 'string') {
    out.push({ type: 'finish', operation, result: refused(String(voters)) });
    return;
  }
  adopt(state, recoveredConfig(config, voters, wish.members), out);
  done(operation, out);
}

/** `hosts` as voters, by what was heard after `sinceMs`; or a sentence that says which host must be named besides, or must not be. */
function votersLeft({ membership, nowMs }: CoreState, hosts: readonly HostId[], sinceMs: number): Voters | string {
  const { config, self, starts } = membership;
  const dataOf = (host: HostId) =>
    host === self ? starts.own.data : freshGreeting(membership, host, nowMs, nowMs - sinceMs)?.incarnation;
  const electors = config === undefined ? [] : electorsOf(config);
  const survivors = electors.filter((host) => {
    const data = dataOf(host);
    return config !== undefined && data !== undefined && isVoter(config, host, data);
  });
  const unnamed = survivors.find((host) => !hosts.includes(host));
  if (unnamed !== undefined)
    return `Host '${unnamed}' answers and has its votes still, which may know of claims that nobody else does: name it too.`;
  const voters: Record<HostId, string> = {};
  for (const host of hosts) {
    const data = dataOf(host);
    if (data === undefined) return `Host '${host}' does not answer: only hosts that are there can go on.`;
    // An elector without its votes knows nothing, and could outvote those that know.
    if (survivors.length > 0 && electors.includes(host) && !survivors.includes(host))
      return `Host '${host}' has lost its votes: name ${survivors.join(', ')} only, and it is taken in again by itself.`;
    voters[host] = data;
  }
  return voters;
}

/** Leaves this host's mesh for that of `host`. Ends in `done`, or in `refused` with a sentence. */
export function join(state: CoreState, operation: number, host: HostId, out: Effect[]): void {
  const { membership, nowMs } = state;
  const greeting = freshGreeting(membership, host, nowMs, heardLatelyMs(membership));
  const refuse = (message: string) => out.push({ type: 'finish', operation, result: refused(message) });
  if (greeting === undefined) {
    // In a large mesh this host may not have greeted it so far: its answer is here when the operator asks again.
    if (membership.wish.members.includes(host)) greet(membership, host, out);
    refuse(`Host '${host}' was not heard of lately: it must be listed in hosts.json, and answer.`);
  } else if (greeting.config === undefined) refuse(`Host '${host}' is in no mesh yet, so there is none to join.`);
  else if (greeting.config.mesh === membership.config?.mesh) refuse(`Host '${host}' is in the same mesh as this host.`);
  else {
    joinMesh(state, greeting.config, out);
    done(operation, out);
  }
}

/** Tells the operator that it is done, once that is durable. */
function done(operation: number, out: Effect[]): void {
  out.push({ type: 'persist', writes: [], after: [{ type: 'finish', operation, result: { kind: 'done' } }] });
}

function refused(message: string): Result {
  return { kind: 'refused', message };
}
