// How far the change log has heard of the mailbox's events. It is a record of the node's store, so that it moves in the commit that tells.
import { z } from 'zod';
import type { Write } from '../../../mesh/ports.ts';
import { damagedRecords } from '../../store/refusals.ts';
import type { Store } from '../../store/store.ts';

const RELAY_KEY = 'mailbox/cursor';

/** `organizationId` names the database: another one, made after this was lost, begins anew. */
const relayCursor = z.object({ organizationId: z.string(), row: z.int().nonnegative() });
export type RelayCursor = z.infer<typeof relayCursor>;

/** Throws `store_failed` when the record is damaged. */
export async function readRelayCursor(store: Pick<Store, 'get'>): Promise<RelayCursor | undefined> {
  const value = await store.get(RELAY_KEY);
  if (value === undefined) return undefined;
  const read = relayCursor.safeParse(value);
  if (read.success) return read.data;
  throw damagedRecords(`The stored record '${RELAY_KEY}' is damaged`);
}

export function relayWrite(cursor: RelayCursor): Write {
  return { key: RELAY_KEY, value: cursor };
}
