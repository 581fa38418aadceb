// What this host says of itself, to whom, and when (steps 1 and 12 of README.md). Everything else about membership follows from greetings:
// others learn from them who is there, what is wished, which configuration was chosen, and which start speaks.
// A greeting asks for nothing: whoever does not answer is greeted again.

import { GREETING_INTERVAL_MS } from '../limits.ts';
import type { HostId } from '../names.ts';
import { GREETING_MS_MAX } from '../peer-silence.ts';
import { dataWrite, startWrite } from '../state/claim-records.ts';
import { voteKey } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { timer } from '../state/events.ts';
import { isHearingFirst, isJoining, knowsNobody, type Membership } from '../state/membership.ts';
import { CLAIM_VERSION, type Greeting } from '../state/messages.ts';
import { evictionsTold } from './eviction.ts';
import { companyIn, isLarge, votersIn } from './greeted-hosts.ts';
import { attend } from './move.ts';
import { asTold } from './profile.ts';

/** How often each host is greeted while the mesh forms or moves, … */
export const FORMING_INTERVAL_MS = 500;
/** … or so much more seldom for each that is greeted then: thirty hosts that start on one small machine must get to their answers. */
export const FORMING_INTERVAL_EACH_MS = 50;

/** What this host says of itself to `to`. */
export function greetingTo(membership: Membership, to: HostId): Greeting {
  const { config, wish, starts } = membership;
  const { own, names, votesTold, withdrawnOnWordOf } = starts;
  const theirs = membership.greetings.get(to)?.greeting.incarnation;
  const seen = theirs === undefined ? undefined : starts.seen.get(voteKey(to, theirs));
  const evicting = evictionsTold(membership);
  return {
    version: CLAIM_VERSION,
    about: 'greeting',
    mesh: config?.mesh ?? '',
    epoch: config?.epoch ?? 0,
    incarnation: own.data,
    wish,
    life: own.number,
    boot: own.name,
    boots: names,
    votes: votesTold,
    ...(withdrawnOnWordOf === undefined ? {} : { standsBack: true }),
    ...(config === undefined ? {} : { config }),
    ...(evicting === undefined ? {} : { evicting }),
    ...(theirs === undefined || seen === undefined
      ? {}
      : { you: { incarnation: theirs, life: seen.number, boot: seen.name, votes: seen.votes } }),
  };
}

/** After a start: nobody is greeted before the start is on the disk. */
export function introduce({ membership: { starts } }: CoreState, out: Effect[]): void {
  const writes = [dataWrite(starts), startWrite(starts)];
  out.push({ type: 'persist', writes, after: [{ type: 'event', event: { type: 'greetingDue' } }] });
  out.push(timer(GREETING_MS_MAX, { type: 'hearingOver' }));
}

/** One round: greets everybody, does what is due, and asks to be called again, unless there is nobody to wait for. */
export function greetInTurn(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  const { starts } = membership;
  const { votes } = starts;
  const isFirst = !starts.isStored;
  starts.isStored = true;
  // No host is told of votes that a crash could make this host forget.
  const isRoutine = !isFirst && !isUnsettled(membership);
  if (votes === starts.votesTold) greetAll(membership, out, { isRoutine, isForVoters: true });
  else
    out.push({
      type: 'persist',
      writes: [startWrite(starts)],
      after: [{ type: 'event', event: { type: 'votesKept', votes } }],
    });
  attend(state, out);
  membership.isResting = knowsNobody(membership);
  if (membership.isResting) return;
  out.push(timer(isUnsettled(membership) ? formingMs(membership) : GREETING_INTERVAL_MS, { type: 'greetingDue' }));
}

/** A host that knew of nobody begins its rounds again with what it has just learnt: another hosts.json, or a configuration. */
export function greetAgain(state: CoreState, out: Effect[]): void {
  const { membership } = state;
  if (membership.isResting && !knowsNobody(membership)) greetInTurn(state, out);
}

/** In a large mesh, the voters alone are greeted before it is their turn. */
function formingMs(membership: Membership): number {
  const greeted = isLarge(membership) ? votersIn(membership).size : companyIn(membership).size;
  return Math.max(FORMING_INTERVAL_MS, FORMING_INTERVAL_EACH_MS * greeted);
}

/** Whether hosts wait for each other: then every greeting may be the one that lets the mesh go on. */
function isUnsettled(membership: Membership): boolean {
  const { config, move } = membership;
  const isMoving = config === undefined || config.old !== undefined || move !== undefined;
  return isMoving || isJoining(membership) || isHearingFirst(membership);
}

interface Manner {
  /** Nothing is new since the host was last greeted. */
  readonly isRoutine?: boolean;
  /** What is new is waited for by voters alone: in a large mesh, the others hear of it with the next routine greeting. */
  readonly isForVoters?: boolean;
}

/** Greets every host that this one keeps in touch with. */
export function greetAll(
  membership: Membership,
  out: Effect[],
  { isRoutine = false, isForVoters = false }: Manner = {},
): void {
  const voters = votersIn(membership);
  const canWait = (to: HostId) =>
    isForVoters && isLarge(membership) && !(voters.has(membership.self) && voters.has(to));
  for (const to of companyIn(membership).keys()) greet(membership, to, out, { isRoutine: isRoutine || canWait(to) });
}

/** Greets a host whose claims show that it is behind, but not for each of them. */
export function nudge({ membership, nowMs }: CoreState, to: HostId, out: Effect[]): void {
  if (nowMs - (membership.nudgedAtMs.get(to) ?? -Infinity) < FORMING_INTERVAL_MS) return;
  membership.nudgedAtMs.set(to, nowMs);
  greet(membership, to, out);
}

/** A host whose start is not durable yet greets nobody. */
export function greet(
  membership: Membership,
  to: HostId,
  out: Effect[],
  { isRoutine = false }: Pick<Manner, 'isRoutine'> = {},
): void {
  if (!membership.starts.isStored) return;
  const question = asTold(membership, greetingTo(membership, to), to);
  out.push({ type: 'ask', to, question, ...(isRoutine ? { isRoutine } : {}) });
}
