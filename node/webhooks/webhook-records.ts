// What the webhooks keep on disk, under `webhook/`: the door through which stored records come back.
//   webhook/subscription/<id>      the subscription, its secret with it
//   webhook/progress/<id>          its cursor in the log, how many dead letters it has, its receiver's health
//   webhook/lane/<id>/<lane>       the first unsettled event of one agent, with its attempts; <lane> is <agent>, or <host>/<agent> of another host
//   webhook/dead/<id>/<seq>        an event that was given up, whole
//   webhook/accepted/<id>/<slot>   attempts of deliveries that were accepted, the newest
//   webhook/replay/<id>/<replay>   a replay that is under way, and its place in the log
//   webhook/replay-lane/<id>/<replay>/<lane>   as a lane, of a replay
//   webhook/removing/<id>          a removed subscription whose other records are being erased
import { z } from 'zod';
import { jsonPath } from '../../mesh/json/foreign-json.ts';
import { CHANGE_EVENTS, type ChangeEntry } from '../changes/change-log.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { StoredRecord } from '../store/store.ts';

export const SUBSCRIPTION_PREFIX = 'webhook/subscription/';
export const PROGRESS_PREFIX = 'webhook/progress/';
export const LANE_PREFIX = 'webhook/lane/';
export const DEAD_PREFIX = 'webhook/dead/';
export const ACCEPTED_PREFIX = 'webhook/accepted/';
export const REPLAY_PREFIX = 'webhook/replay/';
export const REPLAY_LANE_PREFIX = 'webhook/replay-lane/';
export const REMOVING_PREFIX = 'webhook/removing/';

/** Digits of a position in a key: every safe integer, in the order of the keys. */
const SEQ_DIGITS = 16;

/** The key of a lane's record. `replayId`: of the replay that the lane is of; `undefined`: of the changes as they come. */
export function laneKey(
  subscriptionId: string,
  { name, replayId }: { readonly name: string; readonly replayId: string | undefined },
): string {
  if (replayId === undefined) return `${LANE_PREFIX}${subscriptionId}/${name}`;
  return `${REPLAY_LANE_PREFIX}${subscriptionId}/${replayId}/${name}`;
}

export function replayKey(subscriptionId: string, replayId: string): string {
  return `${REPLAY_PREFIX}${subscriptionId}/${replayId}`;
}

/** The key of a dead letter; the keys of one subscription sort as positions do. */
export function deadKey(subscriptionId: string, seq: number): string {
  return `${DEAD_PREFIX}${subscriptionId}/${String(seq).padStart(SEQ_DIGITS, '0')}`;
}

/** The key of some acceptances. Slots are used again, the oldest first. */
export function acceptancesKey(subscriptionId: string, slot: number): string {
  return `${ACCEPTED_PREFIX}${subscriptionId}/${slot}`;
}

const count = z.int().nonnegative();
const moment = z.number();

const scope = z.enum(['mesh', 'host']);

/** `inboxIds`, `podIds`: of what happens in inboxes, only in these, or in those of these pods; both absent: in all. */
const epoch = z.object({
  fromSeq: count,
  events: z.array(z.enum(CHANGE_EVENTS)),
  scope,
  inboxIds: z.array(z.string()).optional(),
  podIds: z.array(z.string()).optional(),
});
export type Epoch = z.infer<typeof epoch>;

const subscription = z.object({
  id: z.string(),
  url: z.string(),
  description: z.string().optional(),
  /** Events of inboxes whole, as AgentMail sends them; absent: in this program's own form. */
  format: z.literal('agentmail').optional(),
  /** The one inbox with which it ends; absent: it is of no inbox. */
  ownerInboxId: z.string().optional(),
  /** The pod with which it ends; beside an inbox, that inbox's. Absent for an inbox in records from before there were pods: the default one. */
  ownerPodId: z.string().optional(),
  /** Name that its maker gave it, by which a repeated request is known. */
  clientId: z.string().optional(),
  secret: z.string(),
  /** Former secrets within their grace, the newest first, each until a moment of the wall clock. */
  formerSecrets: z.array(z.object({ secret: z.string(), untilMs: moment })).default([]),
  /** Added to each request; the values are secrets. */
  headers: z.record(z.string(), z.string()).default({}),
  /** Attempts that may begin within any second. Absent: as many as there are places. */
  ratePerSecond: count.optional(),
  isEnabled: z.boolean(),
  disabledReason: z.enum(['operator', 'gone', 'failing', 'dead_letters_full']).optional(),
  /** ISO 8601, UTC. */
  disabledAt: z.string().optional(),
  /** What it wants from which position on, oldest first: decided when a change is committed, looked up when it is read. */
  epochs: z.array(epoch).min(1),
  /** The first entry that it may ever be told of; absent in records from before replays. */
  firstSeq: count.optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Wall clock: when the subscription was last enabled again, from when on the events that it held live anew. 0: never. */
  resumedMs: moment,
});
export type Subscription = z.infer<typeof subscription>;

/** For each member, whether it is a secret: a backup without keys leaves those out. */
const IS_SECRET: Readonly<Record<keyof Subscription, boolean>> = {
  ...{
    id: false,
    url: false,
    description: false,
    format: false,
    ownerInboxId: false,
    ownerPodId: false,
    clientId: false,
  },
  ...{ secret: true, formerSecrets: true, headers: true },
  ...{ ratePerSecond: false, isEnabled: false, disabledReason: false, disabledAt: false, epochs: false },
  ...{ firstSeq: false, createdAt: false, updatedAt: false, resumedMs: false },
};
export const SUBSCRIPTION_SECRETS: readonly string[] = Object.entries(IS_SECRET).flatMap(([member, isSecret]) =>
  isSecret ? [member] : [],
);

const progress = z.object({
  /** Every wanted entry up to here is settled or has a lane whose `seq` is not above it. */
  cursor: count,
  dead: count,
  /** Dead letters that had to go; absent in records from before these were counted. */
  deadDropped: count.default(0),
  /** Records of accepted deliveries begun since the subscription was made; absent in records from before these were kept. */
  acceptedRecords: count.default(0),
  endpoint: z.object({
    streak: count,
    pauses: count,
    pausedUntilMs: moment,
    downMs: moment,
    failingSinceMs: moment,
    failures: count,
    lastSuccessMs: moment,
    refusedAgents: z.array(z.string()).readonly(),
  }),
});
export type Progress = z.infer<typeof progress>;

/** What is kept of an attempt that ended. */
const keptAttempt = z.object({
  /** 1 for the first. A number that is missing is that of an attempt which a crash interrupted, or the node itself cut off. */
  attempt: count,
  /** Wall clock: when it began. */
  atMs: moment,
  tookMs: moment,
  /** The receiver's answer; absent: there was none, and `error` says why. */
  status: z.int().optional(),
  error: z.string().optional(),
});
export type KeptAttempt = z.infer<typeof keptAttempt>;

/** The newest, oldest first. Records from before attempts were kept have none. */
const history = z.array(keptAttempt).readonly().default([]);

const lane = z.object({
  subscriptionId: z.string(),
  agentId: z.string(),
  /** The agent's host; absent: this one. */
  hostId: z.string().optional(),
  /** Everything of this agent below is settled; up to the cursor nothing from here on is. */
  seq: count,
  /** Whether `seq` itself is the agent's next wanted entry; else it is yet to be looked for. */
  isFound: z.boolean(),
  /** Wall clock: when the change at `seq` happened. */
  bornMs: moment,
  /** Attempts begun at the entry, the one that a crash interrupted included. */
  attempts: count,
  /** Wall clock: when it may be attempted again. */
  dueMs: moment,
  history,
});
export type StoredLane = z.infer<typeof lane>;

const replay = z.object({
  subscriptionId: z.string(),
  id: z.string(),
  /** `dead`: the dead letters. `all`: these, and what was accepted, as far as the log still has it. */
  source: z.enum(['dead', 'all']),
  /** One delivery that somebody wants to be tried again. */
  isSingle: z.boolean(),
  /** Everything up to here is settled or has a lane. */
  cursor: count,
  /** What is sent again ends here. */
  toSeq: count,
  /** Wall clock: only changes that happened from then on, and up to then. */
  sinceMs: moment,
  untilMs: moment,
  /** Wall clock: when what is sent again begins to live anew. */
  startedMs: moment,
});
export type StoredReplay = z.infer<typeof replay>;

/** An entry of the log, as far as its readers rely on it: this program wrote it, under the store's checksum. */
const entry = z
  .looseObject({
    seq: count,
    id: z.string(),
    event: z.string(),
    timestamp: z.string(),
    agent: z.looseObject({ id: z.string(), name: z.string(), hostId: z.string() }),
    sequence: count,
  })
  .transform((value) => value as unknown as ChangeEntry);

/** An event that was given up, kept whole. */
const deadLetter = z.object({
  subscriptionId: z.string(),
  seq: count,
  /** `expired`: the event's life ended. `missing`: the log no longer had the event. */
  reason: z.enum(['expired', 'missing']),
  attempts: count,
  /** ISO 8601, UTC. */
  diedAt: z.string(),
  history,
  entry: entry.nullable(),
});
export type DeadLetter = z.infer<typeof deadLetter>;

/** How a delivery was accepted. */
const acceptance = z.object({
  seq: count,
  /** Attempts begun. */
  attempts: count,
  history,
});
export type Acceptance = z.infer<typeof acceptance>;

/** `number`: of all such records that the subscription ever had. */
const acceptances = z.object({ number: count, deliveries: z.array(acceptance).readonly() });
export type StoredAcceptances = z.infer<typeof acceptances>;

/** A replay as it was kept. */
export interface KeptReplay {
  readonly replay: StoredReplay;
  readonly lanes: readonly StoredLane[];
}

/** A subscription as it was kept, but for its dead letters. */
export interface KeptChannel {
  readonly subscription: Subscription;
  readonly progress: Progress;
  readonly lanes: readonly StoredLane[];
  readonly replays: readonly KeptReplay[];
}

/** A subscription as it was kept before `scope` could change: one scope for all epochs. */
const formerSubscription = z.looseObject({ scope, epochs: z.array(epoch.partial({ scope: true })) });

/** Throws `store_failed` when the record is not what its key says: a node never starts from half of its data. */
export function readSubscription(record: StoredRecord): Subscription {
  const former = formerSubscription.safeParse(record.value).data;
  if (former === undefined) return read(subscription, record);
  const epochs = former.epochs.map((one) => ({ ...one, scope: former.scope }));
  return read(subscription, { ...record, value: { ...former, epochs } });
}

/** Throws `store_failed`, as `readSubscription` does. */
export function readProgress(record: StoredRecord): Progress {
  return read(progress, record);
}

/** Throws `store_failed`, as `readSubscription` does. */
export function readLane(record: StoredRecord): StoredLane {
  return read(lane, record);
}

/** Throws `store_failed`, as `readSubscription` does. */
export function readAcceptances(record: StoredRecord): StoredAcceptances {
  return read(acceptances, record);
}

/** Throws `store_failed`, as `readSubscription` does. */
export function readReplay(record: StoredRecord): StoredReplay {
  return read(replay, record);
}

/** Throws `store_failed`, as `readSubscription` does. */
export function readDeadLetter(record: StoredRecord): DeadLetter {
  return read(deadLetter, record);
}

function read<Schema extends z.ZodType>(schema: Schema, record: StoredRecord): z.output<Schema> {
  const result = schema.safeParse(record.value);
  if (result.success) return result.data;
  // Only the place of the mistake: the value may hold a secret.
  const where = result.error.issues.map((issue) => jsonPath(issue.path) || 'the whole record').join(', ');
  throw damagedRecords(`The stored record '${record.key}' is damaged (${where})`);
}
