// What a host asks its relay about all other hosts at once, and the door through which the answer comes in (README.md, "Relays"). Asked at
// the path of a host's own feed.
import { z } from 'zod';
import { HOSTS_MAX } from '../limits.ts';
import { hostIdSchema } from '../name-schemas.ts';
import type { HostId } from '../names.ts';
import { FEED_ITEMS_MAX } from './limits.ts';
import { chainSchema, entriesSchema, FEED_VERSION, logIdSchema, signedHeadSchema } from './messages.ts';
import type { LogId } from './place.ts';
import type { Relayed } from './relayed-runs.ts';

/** A relay answers after this long at the latest, if only with nothing. */
export const RELAY_WAIT_MS_MAX = 5_000;

/** Where the asker stands in a host's log; `null`, from an earlier version: it knows nothing of that log. */
export type AskersPlace = readonly [hostId: HostId, n: number, chain: string | null];

export interface RelayQuestion {
  readonly version: typeof FEED_VERSION;
  readonly scope: 'mesh';
  /** Up to where the relay's own log was told; absent: `places` says what is known. */
  readonly after?: { readonly logId: LogId; readonly seq: number } | undefined;
  /** Every host of which the asker knows where its log stands. */
  readonly places?: readonly AskersPlace[] | undefined;
  /** Whether entries are wanted, and not only where the logs stand. */
  readonly runs: boolean;
  /** Whether it is to be said when the relay heard each host last. */
  readonly ages: boolean;
  readonly waitMs: number;
}

/** How long ago each host confirmed to the relay that it stands there. */
export interface Ages {
  /** Milliseconds: of every host that is not among `older`, at most. */
  readonly ageMs: number;
  /** `null`: not since the relay's start. */
  readonly older: readonly (readonly [HostId, number | null])[];
}

interface RelayNews extends Relayed {
  readonly kind: 'runs';
  /** The relay's own log, and up to where it is told with this. */
  readonly logId: LogId;
  readonly seq: number;
  /** `standpointsDigest` over all hosts of which the relay knows where their logs stand. */
  readonly digest: string;
  readonly ages?: Ages | undefined;
}

/** `gone`: the relay can't go on from there; it is to be told the places. */
export type RelayAnswer = RelayNews | { readonly kind: 'gone' };

const count = z.int().nonnegative();
const place = z.tuple([hostIdSchema, count, chainSchema.nullable()]);

export const relayQuestionSchema: z.ZodType<RelayQuestion> = z.object({
  version: z.literal(FEED_VERSION),
  scope: z.literal('mesh'),
  after: z.object({ logId: logIdSchema, seq: count }).optional(),
  places: z.array(place).max(HOSTS_MAX).optional(),
  runs: z.boolean(),
  ages: z.boolean(),
  waitMs: z.int().min(0).max(RELAY_WAIT_MS_MAX),
});

export const relayAnswerSchema: z.ZodType<RelayAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('runs'),
    logId: logIdSchema,
    seq: count,
    runs: z.array(z.object({ entries: entriesSchema, head: signedHeadSchema })).max(FEED_ITEMS_MAX),
    others: z.array(z.tuple([hostIdSchema, chainSchema.nullable()])).max(2 * HOSTS_MAX),
    digest: chainSchema,
    ages: z
      .object({
        ageMs: z.number().nonnegative(),
        older: z.array(z.tuple([hostIdSchema, z.number().nonnegative().nullable()])).max(2 * HOSTS_MAX),
      })
      .optional(),
  }),
  z.object({ kind: z.literal('gone') }),
]);
