// The core of one host of five, in a mesh of `cloud`, `mac` and `mini` unless told otherwise; each test says what matters to it.

import { createCore, step } from '../../mesh/claims/core.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import { type ClaimRecords, emptyClaimRecords } from '../../mesh/state/claim-records.ts';
import { type Config, firstConfig, voteKey } from '../../mesh/state/config.ts';
import type { CoreState } from '../../mesh/state/core-state.ts';
import type { Effect, Event } from '../../mesh/state/events.ts';
import type { Greeting, Wish } from '../../mesh/state/messages.ts';
import { cloud, DATA, dataOf, greetingOf, mac, mini, votersOf, wishOf } from './membership-of.ts';

export const THREE = [cloud, mac, mini];
export const MESH: Config = firstConfig(votersOf(...THREE), THREE);

export interface KnownCore {
  readonly wish?: Wish;
  readonly config?: Config | undefined;
  readonly records?: Partial<ClaimRecords>;
  /** What this host's own registry holds. */
  readonly held?: readonly AddressKey[];
  /** Hosts that greeted, with what they said; at the moment 0. */
  readonly greeted?: Partial<Record<string, Partial<Greeting>>>;
  /** Voters that answered, and when. */
  readonly heard?: Partial<Record<string, number>>;
}

/** A core that has heard the other electors, at the moment 0. */
export function coreOn(self: HostId, known: KnownCore = {}): CoreState {
  const { wish = wishOf(THREE), records, held = [], greeted = {}, heard = {} } = known;
  const config = 'config' in known ? known.config : MESH;
  const state = createCore({
    self,
    wish,
    records: { ...emptyClaimRecords(), incarnation: DATA[self], config, ...records },
    registry: {
      holder: (key) => (held.includes(key) ? ownerOn(self, key) : undefined),
      isEmpty: () => held.length === 0,
      keys: () => held,
    },
    freshData: dataOf('f'),
    startName: 'first',
  });
  state.membership.starts.hasHeardElectors = true;
  for (const [host, said] of Object.entries(greeted)) {
    const greeting = greetingOf(DATA[host as HostId] ?? '', wish, { ...(config && { config }), ...said });
    state.membership.greetings.set(host as HostId, { greeting, atMs: 0 });
  }
  for (const [host, atMs] of Object.entries(heard))
    state.heardAtMs.set(voteKey(host as HostId, DATA[host as HostId] ?? ''), atMs ?? 0);
  return state;
}

function ownerOn(hostId: HostId, key: AddressKey): Owner {
  const agent = { agentId: 'agent' as AgentId, agentName: 'agent' };
  return { hostId, ...agent, claimId: `claim-${key}` as ClaimId, since: '2026-01-27T12:00:00Z' };
}

/** Steps at `nowMs`, and does everything that needs no time: every write is durable at once. */
export function run(state: CoreState, event: Event, nowMs = 0): Effect[] {
  const done: Effect[] = [];
  const todo: Effect[] = [...step(state, event, nowMs, nowMs)];
  for (let effect = todo.shift(); effect !== undefined; effect = todo.shift()) {
    done.push(effect);
    if (effect.type === 'persist') todo.push(...effect.after);
    if (effect.type === 'event') todo.push(...step(state, effect.event, nowMs, nowMs));
  }
  return done;
}

/** A core on `mac` whose start is on the disk. */
export function started(known: KnownCore = {}): CoreState {
  const state = coreOn(mac, known);
  run(state, { type: 'started' });
  return state;
}

/** What a function of the membership decides on. */
export function effectsOf(act: (out: Effect[]) => void): Effect[] {
  const out: Effect[] = [];
  act(out);
  return out;
}

/** Every record that is written, in order; `undefined` where one is removed. */
export function writesOf(effects: readonly Effect[]): readonly (readonly [key: string, value: unknown])[] {
  return effects.flatMap((effect) =>
    effect.type === 'persist' ? effect.writes.map(({ key, value }) => [key, value] as const) : [],
  );
}

/** Whom a host greets. */
export function greetedBy(effects: readonly Effect[]): readonly HostId[] {
  return effects.flatMap((effect) =>
    effect.type === 'ask' && effect.question.about === 'greeting' ? [effect.to] : [],
  );
}
