// What only an operator may decide about a mesh: that a host that left will not come back, and that the mesh goes on without voters
// whose data is lost. The second can lose claims: it is asked for in so many words, and everything that this host holds is
// confirmed afterwards.

import type { CoreState } from '../claims/core-state.ts';
import type { Effect, Event, Result } from '../claims/events.ts';
import { EVICT_ANSWER_MS_MAX, GREETING_MS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { timer } from '../register/operation.ts';
import { adopt, joinMesh } from './adoption.ts';
import { electorsOf, isVoter, recoveredConfig, type Voters } from './config.ts';
import { noteEviction, refusalOfEviction } from './eviction.ts';
import { greetAll } from './greeting.ts';
import { freshGreeting } from './membership.ts';
import { attend } from './move.ts';
import { evictionSentence } from './readiness.ts';
import { countVotes } from './vote-count.ts';

/**
 * Frees the addresses of a host that left, or that is leaving by this host's hosts.json. Ends in `done` once the voters have agreed on
 * it, or in `waiting` after `EVICT_ANSWER_MS_MAX`; it goes on all the same.
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

/** The operator has waited long enough. */
export function evictOver({ membership, nowMs }: CoreState, operation: number, out: Effect[]): void {
  const { evictionsAwaited } = membership;
  const host = evictionsAwaited.get(operation);
  if (host === undefined) return;
  evictionsAwaited.delete(operation);
  const message = evictionSentence(membership, host, nowMs);
  out.push({ type: 'finish', operation, result: { kind: 'waiting', message } });
}

/** Makes these hosts, who must all be there, the only voters, once it was asked who is there. Others follow them as they hear of it. */
export function recover(state: CoreState, operation: number, hosts: readonly HostId[], out: Effect[]): void {
  const refusal = hindrance(state, hosts, state.nowMs);
  if (refusal !== undefined) {
    out.push({ type: 'finish', operation, result: refused(refusal) });
    return;
  }
  greetAll(state.membership, out);
  out.push(timer(GREETING_MS_MAX, { type: 'recoverDue', operation, voters: hosts, sinceMs: state.nowMs }));
}

/** Why these hosts can't go on alone, by what was heard after `sinceMs`. */
function hindrance(state: CoreState, hosts: readonly HostId[], sinceMs: number): string | undefined {
  const { config, self } = state.membership;
  const heardWithinMs = state.nowMs - sinceMs - 1;
  if (config === undefined) return 'The mesh has not formed yet, so there is nothing to go on from.';
  if (countVotes(state, heardWithinMs).decides)
    return 'A majority of the voters answers, so nothing is lost: take hosts out of hosts.json instead.';
  if (!hosts.includes(self)) return `The voters that go on must include this host, '${self}'.`;
  return undefined;
}

/** The same, when the others have had their time to answer, since `sinceMs`. */
export function recoverNow(
  state: CoreState,
  { operation, voters: hosts, sinceMs }: Extract<Event, { readonly type: 'recoverDue' }>,
  out: Effect[],
): void {
  const { membership, nowMs } = state;
  const { config, self, starts, wish } = membership;
  const end = (result: Result) => out.push({ type: 'finish', operation, result });
  const refusal = hindrance(state, hosts, sinceMs);
  if (config === undefined || refusal !== undefined) {
    end(refused(refusal ?? ''));
    return;
  }
  const presentOf = (host: HostId) =>
    host === self ? starts.own.data : freshGreeting(membership, host, nowMs, nowMs - sinceMs)?.incarnation;
  const survivors = electorsOf(config).filter((host) => {
    const present = presentOf(host);
    return present !== undefined && isVoter(config, host, present);
  });
  const forgotten = survivors.find((host) => !hosts.includes(host));
  if (forgotten !== undefined) {
    end(
      refused(
        `Host '${forgotten}' answers and has its votes still, which may know of claims that nobody else does: name it too.`,
      ),
    );
    return;
  }
  const voters: Record<HostId, string> = {};
  for (const host of hosts) {
    const present = presentOf(host);
    if (present === undefined) {
      end(refused(`Host '${host}' does not answer: only hosts that are there can go on.`));
      return;
    }
    // It knows nothing, and would outvote those that do.
    if (survivors.length > 0 && electorsOf(config).includes(host) && !survivors.includes(host)) {
      end(
        refused(
          `Host '${host}' has lost its votes: name ${survivors.join(', ')} only, and it is taken in again by itself.`,
        ),
      );
      return;
    }
    voters[host] = present;
  }
  adopt(state, recoveredConfig(config, voters as Voters, wish.members), out);
  done(operation, out);
}

/** Leaves this host's mesh for the one of `host`. What both gave out stays with the owner there, once this host has asked about it. */
export function join(state: CoreState, operation: number, host: HostId, out: Effect[]): void {
  const { membership, nowMs } = state;
  const greeting = freshGreeting(membership, host, nowMs);
  const refuse = (message: string) => out.push({ type: 'finish', operation, result: refused(message) });
  if (greeting === undefined)
    refuse(`Host '${host}' was not heard of lately: it must be listed in hosts.json, and answer.`);
  else if (greeting.config === undefined) refuse(`Host '${host}' is in no mesh yet, so there is none to join.`);
  else if (greeting.config.mesh === membership.config?.mesh) refuse(`Host '${host}' is in the same mesh as this host.`);
  else {
    joinMesh(state, greeting.config, out);
    done(operation, out);
  }
}

/** When it is durable, and not before. */
function done(operation: number, out: Effect[]): void {
  out.push({ type: 'persist', writes: [], after: [{ type: 'finish', operation, result: { kind: 'done' } }] });
}

function refused(message: string): Result {
  return { kind: 'refused', message };
}
