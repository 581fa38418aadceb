// A core on `mac` that is stepped by hand, and what it does then.

import { createCore, step } from '../../mesh/claims/core.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Item, ItemAnswer } from '../../mesh/register/item.ts';
import { type ClaimRecords, emptyClaimRecords } from '../../mesh/state/claim-records.ts';
import { firstConfig } from '../../mesh/state/config.ts';
import type { CollectionTimes, CoreState } from '../../mesh/state/core-state.ts';
import type { Effect, Event } from '../../mesh/state/events.ts';

export const [mac, cloud, mini] = ['mac', 'cloud', 'mini'] as [HostId, HostId, HostId];

export const VOTERS = [cloud, mac, mini];

export const DATA = { mac: 'a'.repeat(32), cloud: 'b'.repeat(32), mini: 'c'.repeat(32) };

export const CONFIG = firstConfig(DATA, VOTERS);

export const KEY = 'titania@x.com' as AddressKey;

export const ownerOn = (hostId: HostId, claimId: string): Owner => ({
  hostId,
  agentId: 'agent' as AgentId,
  agentName: 'agent',
  claimId: claimId as ClaimId,
  since: '2026-01-27T12:00:00Z',
});

/** A core on `mac` in a mesh that has formed. */
export function formedCore(records: Partial<ClaimRecords> = {}, held?: Owner, collecting?: CollectionTimes): CoreState {
  const state = startedCore(records, held, collecting);
  // It has heard its peers.
  state.membership.starts.hasHeardElectors = true;
  return state;
}

/** The same, before it has heard anybody. */
export function startedCore(
  records: Partial<ClaimRecords> = {},
  held?: Owner,
  collecting?: CollectionTimes,
): CoreState {
  return createCore({
    self: mac,
    wish: { voters: VOTERS, members: VOTERS },
    records: { ...emptyClaimRecords(), incarnation: DATA.mac, config: CONFIG, ...records },
    registry: { holder: () => held, isEmpty: () => held === undefined, keys: () => [] },
    freshData: 'f'.repeat(32),
    startName: 'first',
    collecting,
  });
}

/** Steps, and does everything that needs no time: every write is durable at once. */
export function run(state: CoreState, event: Event): Effect[] {
  const done: Effect[] = [];
  const todo: Effect[] = [...step(state, event, 0, 0)];
  for (let effect = todo.shift(); effect !== undefined; effect = todo.shift()) {
    done.push(effect);
    if (effect.type === 'persist') todo.push(...effect.after);
    if (effect.type === 'event') todo.push(...step(state, effect.event, 0, 0));
  }
  return done;
}

/** A question that `cloud` asks, in the epoch of the mesh unless said otherwise. */
export const question = (item: Item, standing: { readonly mesh?: string; readonly epoch?: number } = {}): Event => ({
  type: 'received',
  token: 1,
  from: cloud,
  message: {
    ...{ version: 2, mesh: CONFIG.mesh, epoch: 1, incarnation: DATA.cloud, life: 1, boot: 'x' },
    ...standing,
    items: [item],
  },
});

export const PREPARE: Item = { kind: 'prepare', key: KEY, n: 5, claiming: true };

export const sent = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' && effect.to === cloud ? effect.items : []));

export const finished = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'finish' ? [effect.result] : []));

export const answers = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'answer' ? [effect.answer] : []));

export const answer = (from: 'cloud' | 'mini' | 'mac', ...items: ItemAnswer[]): Event => ({
  type: 'answered',
  from: from as HostId,
  answer: { version: 2, kind: 'items', incarnation: DATA[from], items },
  tookMs: 1,
});
