// What hosts ask each other about their logs, and the door through which the answers come in (README.md, "Messages").
import { z } from 'zod';
import { boundedRecord } from '../json/bounded-record.ts';
import { isText } from '../json/plain-values.ts';
import {
  AGENT_NAME_CHARACTERS_MAX,
  DISPLAY_NAME_CHARACTERS_MAX,
  METADATA_BYTES_MAX,
  METADATA_KEYS_MAX,
} from '../limits.ts';
import type { IndexRow } from '../lookup/index-entry.ts';
import { agentIdSchema, hostIdSchema } from '../name-schemas.ts';
import { type AddressKey, type AgentId, type EmailAddress, isPrototypeName } from '../names.ts';
import type { FeedEntry } from './feed-entry.ts';
import type { SignedHead } from './head.ts';
import { CHANGED_ADDRESSES_MAX, FEED_ITEMS_MAX } from './limits.ts';
import type { LogId } from './place.ts';

/** A question for what is new may wait so long where greetings say meanwhile that nothing is. */
export const FEED_QUIET_MS_MAX = 120_000;

export const FEED_PATH = '/api/mesh/v1/feed';
export const SNAPSHOT_PATH = '/api/mesh/v1/feed/snapshot';
export const FEED_VERSION = 1;

/** Asks for the own entries of a host after a place. */
export interface FeedQuestion {
  readonly version: typeof FEED_VERSION;
  /** Absent: nothing is known of that host's log yet. */
  readonly logId?: LogId | undefined;
  readonly after: number;
  /** How long to wait for something new. */
  readonly waitMs: number;
  /** What the asked host itself said once, if its log is not what it was then. */
  readonly seen?: SignedHead | undefined;
  /** The asked host's own log, if the asking one has told it as ended: the host was gone, or had another log since. */
  readonly ended?: LogId | undefined;
}

export type FeedAnswer =
  | {
      readonly kind: 'chunk';
      /** Entries that follow `after`; none: there is nothing new. */
      readonly entries: readonly unknown[];
      /** At the last of these entries. */
      readonly head: SignedHead;
      /** Whether the log goes on. */
      readonly more: boolean;
      /** Which version the host's index has (its ETag) where the log does not go on. Greetings say the same. */
      readonly index?: string | undefined;
    }
  /** The place is not in this log, or kept no more: a snapshot is needed. */
  | { readonly kind: 'gone'; readonly logId: LogId };

/** Asks for all agents with their addresses, page after page, as of one place. */
export interface SnapshotQuestion {
  readonly version: typeof FEED_VERSION;
  /** Absent: a new snapshot is made. */
  readonly snapshot?: string | undefined;
  /** Agents that earlier pages had. */
  readonly from: number;
}

interface SnapshotPage {
  readonly kind: 'page';
  readonly snapshot: string;
  readonly agents: readonly unknown[];
  readonly head: SignedHead;
  readonly more: boolean;
}

/** `gone`: there is no such snapshot any more. */
export type SnapshotAnswer = SnapshotPage | { readonly kind: 'gone' };

/** An agent as it stands, and where its own events stand. */
export interface SnapshotAgent {
  readonly id: AgentId;
  readonly name: string;
  readonly sequence: number;
  readonly rows: readonly IndexRow[];
}

export const chainSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
export const logIdSchema = z.string().regex(/^[0-9a-f]{32}$/);
const n = z.int().nonnegative();
const version = z.literal(FEED_VERSION);
const MOMENT_CHARACTERS_MAX = 40;
const moment = z.iso.datetime().max(MOMENT_CHARACTERS_MAX);
const MOMENT = z.regexes.datetime({});

/** An instant in UTC, as ISO 8601 writes it. */
export function isMoment(value: unknown): boolean {
  return isText(value, 0, MOMENT_CHARACTERS_MAX) && MOMENT.test(value);
}

export const signedHeadSchema = z.object({
  hostId: hostIdSchema,
  logId: logIdSchema,
  n,
  chain: chainSchema,
  digest: chainSchema,
  at: moment,
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});

export const feedQuestionSchema: z.ZodType<FeedQuestion> = z.object({
  version,
  logId: logIdSchema.optional(),
  after: n,
  waitMs: z.int().min(0).max(FEED_QUIET_MS_MAX),
  seen: signedHeadSchema.optional(),
  ended: logIdSchema.optional(),
});

export const snapshotQuestionSchema: z.ZodType<SnapshotQuestion> = z.object({
  version,
  snapshot: z.string().max(64).optional(),
  from: n,
});

export const entriesSchema = z.array(z.unknown()).max(FEED_ITEMS_MAX);

export const feedAnswerSchema: z.ZodType<FeedAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('chunk'),
    entries: entriesSchema,
    head: signedHeadSchema,
    more: z.boolean(),
    index: z.string().max(64).optional(),
  }),
  z.object({ kind: z.literal('gone'), logId: logIdSchema }),
]);

export const snapshotAnswerSchema: z.ZodType<SnapshotAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('page'),
    snapshot: z.string().max(64),
    agents: entriesSchema,
    head: signedHeadSchema,
    more: z.boolean(),
  }),
  z.object({ kind: z.literal('gone') }),
]);

export const ADDRESS_CHARACTERS_MAX = 320;
export const KEY_CHARACTERS = { min: 3, max: 1_024 } as const;
/** What becomes `webhook-id`: a header, and a part of what is signed, where a dot ends it. */
export const ENTRY_ID = /^[A-Za-z0-9_-]{1,128}$/;
/** Events of mail stay on their host: who subscribes to them is told of this host's alone. */
export const ENTRY_EVENT = /^(?!email\.)[A-Za-z0-9_.-]{1,64}$/;
/** Without a control character. */
export const AGENT_NAME = /^\P{Cc}*$/u;

const address = z
  .string()
  .max(ADDRESS_CHARACTERS_MAX)
  .transform((text) => text as EmailAddress);
const key = z
  .string()
  .min(KEY_CHARACTERS.min)
  .max(KEY_CHARACTERS.max)
  .transform((text) => text as AddressKey);
const name = z.string().min(1).max(AGENT_NAME_CHARACTERS_MAX).regex(AGENT_NAME);

/** An index refuses the same names: whoever reads a metadata map into an object must not meet what every object inherits. */
const metadata = boundedRecord(
  z.record(
    z.string().refine((key) => !isPrototypeName(key)),
    z.string().max(METADATA_BYTES_MAX),
  ),
  METADATA_KEYS_MAX,
);

const row = z.object({
  address,
  key,
  agentId: agentIdSchema,
  agentName: name,
  hostId: hostIdSchema,
  displayName: z.string().max(DISPLAY_NAME_CHARACTERS_MAX).optional(),
  primary: z.boolean(),
  metadata: metadata.optional(),
});

const addresses = z.array(z.string().max(ADDRESS_CHARACTERS_MAX)).max(CHANGED_ADDRESSES_MAX);

/** Members that this version does not know stay: the chain covers them, and another host may know them. */
export const feedEntrySchema = z.looseObject({
  n: z.int().positive(),
  id: z.string().regex(ENTRY_ID),
  event: z.string().regex(ENTRY_EVENT),
  timestamp: moment,
  agent: z.looseObject({ id: agentIdSchema, name, hostId: hostIdSchema }),
  sequence: n,
  changes: z.looseObject({ added: addresses, removed: addresses, modified: addresses, current: addresses }),
  rows: z
    .object({ put: z.array(row).max(CHANGED_ADDRESSES_MAX), drop: z.array(key).max(CHANGED_ADDRESSES_MAX) })
    .optional(),
}) as unknown as z.ZodType<FeedEntry>;

export const snapshotAgentSchema = z.object({
  id: agentIdSchema,
  name,
  sequence: n,
  rows: z.array(row).max(CHANGED_ADDRESSES_MAX),
}) as unknown as z.ZodType<SnapshotAgent>;
