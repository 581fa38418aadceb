// How the webhooks come back at start: subscriptions and their lanes' first events, never the events that wait behind them.

import type { MeshError } from '../../mesh/errors.ts';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { Channel, type ChannelPorts } from './delivery/channel.ts';
import {
  ACCEPTED_PREFIX,
  DEAD_PREFIX,
  type KeptReplay,
  LANE_PREFIX,
  PROGRESS_PREFIX,
  type Progress,
  REMOVING_PREFIX,
  REPLAY_LANE_PREFIX,
  REPLAY_PREFIX,
  readLane,
  readProgress,
  readReplay,
  readSubscription,
  type StoredLane,
  SUBSCRIPTION_PREFIX,
} from './webhook-records.ts';

/** By id. Throws `store_failed` when a record is damaged or missing. */
export async function loadChannels(store: Store, ports: ChannelPorts): Promise<Map<string, Channel>> {
  for await (const page of store.load(REMOVING_PREFIX)) {
    for (const { key } of page) await erase(store, key.slice(REMOVING_PREFIX.length));
  }
  const progress = new Map<string, Progress>();
  for await (const page of store.load(PROGRESS_PREFIX)) {
    for (const record of page) progress.set(record.key.slice(PROGRESS_PREFIX.length), readProgress(record));
  }
  const lanes = await loadLanes(store, LANE_PREFIX, ({ value }) => value.subscriptionId);
  const replays = await loadReplays(store);
  const channels = new Map<string, Channel>();
  for await (const page of store.load(SUBSCRIPTION_PREFIX)) {
    for (const subscription of page.map(readSubscription)) {
      const { id } = subscription;
      const at = progress.get(id);
      if (at === undefined) throw missingProgress(id);
      const kept = { subscription, progress: at, lanes: lanes.get(id) ?? [], replays: replays.get(id) ?? [] };
      channels.set(id, new Channel(kept, ports));
    }
  }
  return channels;
}

/** Marks a removed subscription, in the commit that removes it: what is left of it is erased even if we crash now. */
export function removing(id: string): Write {
  return { key: REMOVING_PREFIX + id, value: { id } };
}

/** Erases what a removed subscription left, page by page, its mark last. */
export async function erase(store: Store, id: string): Promise<void> {
  for (const prefix of [LANE_PREFIX, DEAD_PREFIX, ACCEPTED_PREFIX, REPLAY_PREFIX, REPLAY_LANE_PREFIX]) {
    for await (const page of store.load(`${prefix}${id}/`)) {
      await store.commit(page.map(({ key }) => ({ key, value: undefined })));
    }
  }
  await store.commit([PROGRESS_PREFIX + id, REMOVING_PREFIX + id].map((key) => ({ key, value: undefined })));
}

/** The lanes below a prefix, by what `ownerOf` finds in their keys. */
async function loadLanes(
  store: Store,
  prefix: string,
  ownerOf: (place: { readonly value: StoredLane; readonly key: string }) => string,
): Promise<ReadonlyMap<string, readonly StoredLane[]>> {
  const lanes = new Map<string, StoredLane[]>();
  for await (const page of store.load(prefix)) {
    for (const record of page) {
      const value = readLane(record);
      const owner = ownerOf({ value, key: record.key });
      const known = lanes.get(owner);
      if (known === undefined) lanes.set(owner, [value]);
      else known.push(value);
    }
  }
  return lanes;
}

/** By their subscriptions. */
async function loadReplays(store: Store): Promise<ReadonlyMap<string, readonly KeptReplay[]>> {
  const replayOf = ({ key }: { readonly key: string }) => key.split('/')[3] ?? '';
  const lanes = await loadLanes(store, REPLAY_LANE_PREFIX, replayOf);
  const replays = new Map<string, KeptReplay[]>();
  for await (const page of store.load(REPLAY_PREFIX)) {
    for (const replay of page.map(readReplay)) {
      const kept = { replay, lanes: lanes.get(replay.id) ?? [] };
      replays.set(replay.subscriptionId, [...(replays.get(replay.subscriptionId) ?? []), kept]);
    }
  }
  return replays;
}

function missingProgress(id: string): MeshError {
  return damagedRecords(`The store has the webhook subscription '${id}' but not its place in the change log`);
}
