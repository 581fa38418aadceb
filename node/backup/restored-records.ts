// What becomes of a record of a backup when it is restored. Pure. The votes of the host are left behind, so that it comes back like one that lost
// its disk: the others take it in again as a voter that has never voted. What it held by its claims is asked about (restored-claims.ts).
// The log goes on behind what it had, under an id of its own, so nobody takes a place in it for one that was given out since.
import { z } from 'zod';
import { firstChain } from '../../mesh/feed/chain.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { AddressKey } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import { CLAIM_PREFIX, CONFIG, ENGINE } from '../../mesh/state/claim-records.ts';
import { END_KEY, OWN_PREFIX } from '../changes/change-records.ts';
import { AGENT_PREFIX } from '../registry/agent-records.ts';
import { type RestoredClaim, restoredWrite } from '../registry/restored-claims.ts';
import { isFinal, MESSAGE_STATES } from '../send/message.ts';
import { attemptWrite, MESSAGE_PREFIX } from '../send/message-records.ts';
import { damagedRecords } from '../store/refusals.ts';
import { SUBSCRIPTION_PREFIX } from '../webhooks/webhook-records.ts';

export interface Restoring {
  /** What had decided the claims when the backup was made; absent when nothing had. */
  readonly history: string | undefined;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly newSecret: () => string;
  /** The id that the change log goes on under. */
  readonly logId: LogId;
}

/** What was restored, for people. */
export interface Counts {
  agents: number;
  addresses: number;
  /** Subscriptions that had to be disabled, for the backup has no secrets: their URLs. */
  readonly withoutSecret: string[];
  /** Mails that may have left since. */
  mails: number;
}

/** Counts that start at nothing. */
export function noCounts(): Counts {
  return { agents: 0, addresses: 0, withoutSecret: [], mails: 0 };
}

/** The mesh or the engine that decides the claims of this host, by two of its records. */
export function historyOf(read: (key: string) => unknown): string | undefined {
  const engine = z.string().safeParse(read(ENGINE)).data;
  return engine ?? z.object({ mesh: z.string() }).safeParse(read(CONFIG)).data?.mesh;
}

const agent = z.looseObject({ addresses: z.array(z.looseObject({ key: z.string(), claimId: z.string() })) });
const logEnd = z.looseObject({ seq: z.int(), oldestN: z.unknown().optional() });
const message = z.looseObject({ id: z.string(), state: z.enum(MESSAGE_STATES), account: z.string().optional() });
const subscription = z.looseObject({ url: z.string(), secret: z.string().optional() });

/** What is written in the place of a record. Throws `store_failed` when it is not what its key says. */
export function restoredWrites(key: string, value: unknown, restoring: Restoring, counts: Counts): readonly Write[] {
  if (isLeftBehind(key)) return [];
  const as = <Schema extends z.ZodType>(schema: Schema): z.output<Schema> => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw damagedRecords(`The record '${key}' of the backup can't be read`, parsed.error);
  };
  const kept: Write = { key, value };
  if (key === END_KEY) return [{ key, value: renewedEnd(as(logEnd), restoring.logId) }];
  if (key.startsWith(AGENT_PREFIX)) return [kept, ...claimsOf(as(agent), restoring, counts)];
  if (key.startsWith(MESSAGE_PREFIX)) return [kept, ...onItsWay(as(message), counts)];
  if (!key.startsWith(SUBSCRIPTION_PREFIX)) return [kept];
  const known = as(subscription);
  return known.secret === undefined ? [{ key, value: disabled(known, restoring, counts) }] : [kept];
}

function isLeftBehind(key: string): boolean {
  return (key.startsWith(CLAIM_PREFIX) && key !== ENGINE) || key.startsWith(OWN_PREFIX);
}

/** The end of a log that goes on at the same position, and has no own entry under its id yet. */
function renewedEnd({ oldestN: _, ...end }: z.output<typeof logEnd>, logId: LogId): unknown {
  return { ...end, logId, n: 0, chain: firstChain(logId) };
}

function claimsOf({ addresses }: z.output<typeof agent>, { history }: Restoring, counts: Counts): readonly Write[] {
  counts.agents += 1;
  counts.addresses += addresses.length;
  return addresses.map(({ key, claimId }) => restoredWrite(key as AddressKey, { claimId, history } as RestoredClaim));
}

/** A mail that had not ended may have left since the backup: it is treated as one that a crash interrupted, and not sent again by itself. */
function onItsWay({ id, state, account = 'unknown' }: z.output<typeof message>, counts: Counts): readonly Write[] {
  if (isFinal(state)) return [];
  counts.mails += 1;
  return [attemptWrite(id, { account })];
}

/** What happens meanwhile is held for it, until it is enabled with a secret that its receiver knows. */
function disabled(known: z.output<typeof subscription>, { now, newSecret }: Restoring, counts: Counts): unknown {
  counts.withoutSecret.push(known.url);
  return { ...known, secret: newSecret(), isEnabled: false, disabledReason: 'operator', disabledAt: now };
}
