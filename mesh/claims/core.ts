// The claims of one node as a state machine without input or output: `step(state, event)` returns what is to be done, and a
// runner does it: quorum-claims.ts in a node, the simulator in the tests. Same state, same events, same effects.
// What an answer or a message depends on is durable before it leaves (`persist … after`). A claim's intent (its `unsettled`
// record) is durable before its value is exposed, and ends in the very commit in which the registry takes the address.

import { reviewEvictions } from '../membership/eviction.ts';
import { greet, greetAgain, greetAll, greetInTurn, introduce } from '../membership/greeting.ts';
import { attend, rechosen } from '../membership/move.ts';
import { evict, evictOver, join, recover, recoverNow } from '../membership/operator-decisions.ts';
import { giveUpOwnMesh } from '../membership/own-mesh.ts';
import { tellWhole } from '../membership/profile.ts';
import { answerQuestion, hearReply } from '../membership/questions.ts';
import { forgetStrangers } from '../membership/strangers.ts';
import type { HostId } from '../names.ts';
import { attemptAgain, retry } from '../operations/attempts.ts';
import { unavailable } from '../operations/obstacles.ts';
import { claim, confirm, end, exposePrepared, ownOperation, read, release } from '../operations/operation.ts';
import type { Random } from '../ports.ts';
import { reserveBallots } from '../state/ballot-numbers.ts';
import type { ClaimRecords } from '../state/claim-records.ts';
import { sameHosts, voteKey } from '../state/config.ts';
import type { CollectionTimes, CoreState } from '../state/core-state.ts';
import type { Effect, Event, Heard, Inner, Wanted } from '../state/events.ts';
import { createMembership, noteElectorsHeard } from '../state/membership.ts';
import type { Wish } from '../state/messages.ts';
import type { RegistryView } from '../state/registry-view.ts';
import { nextStart } from '../state/starts.ts';
import {
  answerAboutReleased,
  beginCollecting,
  COLLECTING,
  collectInTurn,
  hearReleased,
  isAboutReleased,
} from './collection.ts';
import { answerItems, hearAnswer } from './votes.ts';

export interface CoreOptions {
  readonly self: HostId;
  /** hosts.json. */
  readonly wish: Wish;
  readonly records: ClaimRecords;
  readonly registry: RegistryView;
  /** 32 hex digits made at random: a name for this host's data, should it be new, or turn out to be an older copy. */
  readonly freshData: string;
  /** A name for this start, made at random. */
  readonly startName: string;
  /** Absent: this host collects no released names by itself. */
  readonly collecting?: CollectionTimes | undefined;
}

/** The state after a start. The `started` event must be the first. */
export function createCore(options: CoreOptions): CoreState {
  const { self, wish, records, registry, freshData, startName, collecting } = options;
  const { config, succession } = records;
  return {
    membership: createMembership({
      self,
      starts: nextStart(records, freshData, startName),
      wish,
      config,
      succession,
      evicting: records.evicting,
      guests: records.guests,
    }),
    registers: records.registers,
    floor: records.floor,
    collection: { times: collecting, released: new Map(), round: undefined, lastRound: 0, collected: 0 },
    registry,
    intentsAtStart: [...records.intents].map(([claimId, key]) => ({ key, claimId })),
    operations: new Map(),
    attempts: new Map(),
    heardAtMs: new Map(),
    refusing: new Set(),
    highestBallot: Math.max(records.ballotCeiling, records.floor?.[0] ?? 0),
    ballotCeiling: records.ballotCeiling,
    ceilingAsked: records.ballotCeiling,
    lastOwnOperation: 0,
    claimsInHand: 0,
    roundTripMs: 0,
    nowMs: 0,
    wallMs: 0,
  };
}

export interface NextCoreOptions extends Pick<CoreOptions, 'self' | 'wish' | 'records' | 'registry'> {
  readonly random: Pick<Random, 'bytes'>;
  /** When released names are collected; absent: `COLLECTING`. */
  readonly collecting?: CollectionTimes;
}

/** The state of this host's next start, with names drawn at random. Nobody is told of that start before `started` was carried out. */
export function nextCore({ random, collecting = COLLECTING, ...options }: NextCoreOptions): CoreState {
  return createCore({
    ...options,
    freshData: Buffer.from(random.bytes(16)).toString('hex'),
    startName: Buffer.from(random.bytes(8)).toString('hex'),
    collecting,
  });
}

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
      wished(state, event.wish, out);
      reviewEvictions(state.membership, out);
      greetAll(state.membership, out, { isForVoters: true });
      attend(state, out);
      break;
    case 'greet':
      greet(state.membership, event.to, out);
      break;
    default:
      operate(state, event, out);
  }
  greetAgain(state, out);
  return out;
}

function wished(state: CoreState, wish: Wish, out: Effect[]): void {
  const { membership, nowMs } = state;
  if (!sameHosts(membership.wish.members, wish.members)) membership.listedAtMs = nowMs;
  membership.wish = wish;
  const writes = forgetStrangers(state);
  if (writes.length > 0) out.push({ type: 'persist', writes, after: [] });
  giveUpOwnMesh(state, out);
}

/** Begins what the node or its operator asks for. Any other event goes on to `hear`. */
function operate(state: CoreState, event: Wanted | Heard | Inner, out: Effect[]): void {
  switch (event.type) {
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
    case 'release':
      release(state, event.operation, event.claims, out);
      break;
    case 'read':
      read(state, event.operation, event.key, out);
      if (state.membership.config === undefined) attend(state, out);
      break;
    default:
      hear(state, event, out);
  }
}

/** Takes in what came of another host. Any other event goes on to `inner`. */
function hear(state: CoreState, event: Heard | Inner, out: Effect[]): void {
  switch (event.type) {
    case 'received':
      answerItems(state, event.token, event.from, event.message, out);
      break;
    case 'answered':
      hearAnswer(state, event.from, event.answer, event.tookMs, out);
      break;
    case 'asked':
      if (isAboutReleased(event.question)) answerAboutReleased(state, event.token, event.from, event.question, out);
      else answerQuestion(state, event.token, event.from, event.question, out);
      break;
    case 'replied':
      if (isAboutReleased(event.question)) hearReleased(state, event.from, event.question, event.reply, out);
      else hearReply(state, event.from, event.question, event.reply, out);
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
}

function noteRefusal({ membership }: CoreState, host: HostId, why: string | undefined): void {
  const { refusals } = membership;
  if (why === undefined) {
    refusals.delete(host);
    return;
  }
  refusals.set(host, why);
  // It may have gone back to a version that knows no short greetings.
  tellWhole(membership, host);
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
    case 'collectDue':
      collectInTurn(state, out);
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
      greetAll(state.membership, out, { isForVoters: true });
      break;
    case 'rechosen':
      rechosen(state, event.operation, out);
      break;
    case 'attemptOver': {
      const proposal = state.attempts.get(event.n);
      if (proposal) retry(state, proposal, out);
      break;
    }
    case 'retryDue':
      attemptAgain(state, event.operation, event.key, out);
      break;
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
  state.membership.listedAtMs = state.nowMs;
  giveUpOwnMesh(state, out);
  introduce(state, out);
  reserveBallots(state, out);
  beginCollecting(state, out);
  for (const claim of state.intentsAtStart) release(state, ownOperation(state), [claim], out);
}
