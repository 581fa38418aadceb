// Going by another configuration: a later one of the same mesh, one that an operator recovered, or that of another mesh which this host
// joins (steps 3, 16, 18 and 19 of README.md). Whatever is in hand begins again under it.
// No configuration is doubted here: only chosen ones are told, and listed hosts are believed.

import type { HostId } from '../names.ts';
import { beginAnew, beginWaiting } from '../operations/operation.ts';
import type { Write } from '../ports.ts';
import { newerBallot } from '../register/ballot.ts';
import { configWrite, configWrites, seenStartGone } from '../state/claim-records.ts';
import { type Config, hostsOf, isForgetting, isVoterThroughout, mayBeOthersBy } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { mayAdopt, NO_SETBACKS } from '../state/membership.ts';
import { raiseFloor } from '../state/registers.ts';
import { isPristine } from './epoch.ts';
import { reviewEvictions } from './eviction.ts';
import { votersIn } from './greeted-hosts.ts';
import { greetAll } from './greeting.ts';
import { forgetGuests, forgetNamedGuests } from './guests.ts';
import { forgetRegisters, forgetVotes } from './rejoin.ts';
import { forgetUnnamed } from './seen-starts.ts';
import { forgetStrangers } from './strangers.ts';

/** Goes by a configuration that was chosen, if it is later than this host's, or says more of the same one. */
export function adopt(state: CoreState, config: Config, out: Effect[]): void {
  const { membership } = state;
  if (!mayAdopt(membership, config, isPristine(state))) {
    complete(state, config, out);
    return;
  }
  const kind = kindOfChange(membership.config, config);
  const old = config.old === undefined ? {} : { from: hostsOf(config.old) };
  const fields = { epoch: config.epoch, voters: hostsOf(config.voters), ...old };
  out.push({ type: 'log', event: `mesh.${kind}`, fields });
  if (kind === 'recovered') out.push({ type: 'doubt', why: 'recovered' });
  const { config: before, self } = membership;
  if (mayBeOthersBy(before, config, self) && !state.registry.isEmpty()) out.push({ type: 'doubt', why: 'returned' });
  goBy(state, config, [], out);
}

/**
 * Takes over what a host of an earlier version left out when it passed this host's configuration on. No epoch has two configurations, so
 * what another host tells of it was chosen with it; and a floor only refuses, so it does no harm later than it might have come.
 */
function complete(state: CoreState, told: Config, out: Effect[]): void {
  const { config } = state.membership;
  if (config === undefined || told.mesh !== config.mesh || told.epoch !== config.epoch) return;
  const floor = newerBallot(config.floor ?? null, told.floor ?? null);
  const settled = config.settled ?? told.settled;
  if (floor === (config.floor ?? null) && settled === config.settled) return;
  const whole = { ...config, ...(floor === null ? {} : { floor }), ...(settled === undefined ? {} : { settled }) };
  state.membership.config = whole;
  out.push({ type: 'persist', writes: [...raiseFloor(state, floor), configWrite(whole)], after: [] });
}

function kindOfChange(before: Config | undefined, after: Config): 'formed' | 'recovered' | 'moving' | 'moved' {
  if (before === undefined) return 'formed';
  if (before.mesh !== after.mesh) return 'recovered';
  return after.old === undefined ? 'moved' : 'moving';
}

/** Leaves (step 19) the mesh that this host was in, and its votes with it, for another mesh; waits there to be taken in. */
export function joinMesh(state: CoreState, config: Config, out: Effect[]): void {
  out.push({ type: 'log', event: 'mesh.joined', fields: { epoch: config.epoch, voters: hostsOf(config.voters) } });
  out.push({ type: 'doubt', why: 'joined' });
  goBy(state, config, [...forgetVotes(state), ...forgetGuests(state.membership)], out);
}

/** Withdraws (step 16). `by`: the host that knows of the later start. */
export function withdraw({ membership: { starts } }: CoreState, by: HostId, out: Effect[]): void {
  if (starts.withdrawnOnWordOf === undefined)
    out.push({ type: 'log', event: 'mesh.used_twice', fields: { by, life: starts.own.number } });
  starts.withdrawnOnWordOf = by;
}

/** `writes`: durable together with the configuration. */
function goBy(state: CoreState, config: Config, writes: readonly Write[], out: Effect[]): void {
  const { membership } = state;
  const { self, starts, config: before } = membership;
  const isNamedIn = (one: Config | undefined) => one?.voters[self] === starts.own.data;
  // The mesh has moved from this host's data to other data of this host, which is not here: a copy of its data began anew elsewhere.
  const isReplaced = isNamedIn(before) && !isNamedIn(config) && self in config.voters;
  if (isReplaced && before?.mesh === config.mesh) withdraw(state, self, out);
  membership.config = config;
  membership.succession = undefined;
  membership.proposing = undefined;
  membership.setbacks = NO_SETBACKS;
  membership.stuckWith = undefined;
  membership.move = undefined;
  membership.keysTold = undefined;
  if (isForgetting(config)) membership.forgotAtMs = state.nowMs;
  state.refusing.clear();
  const forgotten = isVoterThroughout(before, config, self, starts.own.data) ? [] : forgetRegisters(state);
  const floor = raiseFloor(state, config.floor ?? null);
  const unnamed = forgetUnnamed(starts, before, config).map(seenStartGone);
  const guests = forgetNamedGuests(membership, config);
  const strangers = forgetStrangers(state);
  out.push({
    type: 'persist',
    writes: [...writes, ...forgotten, ...unnamed, ...strangers, ...guests, ...floor, ...configWrites(config)],
    after: [],
  });
  reviewEvictions(membership, out);
  beginAnew(state, out);
  beginWaiting(state, out);
  // Voters tell everybody at once. That the others go by it too, nobody waits to hear: in a large mesh, they say so when it is their turn.
  greetAll(membership, out, { isForVoters: !votersIn(membership).has(self) });
}
