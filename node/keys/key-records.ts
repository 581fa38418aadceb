// Keys as they are stored: their digests, never their texts.
import { z } from 'zod';
import type { AgentId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { SCOPES, type Scope } from './scopes.ts';

/** Moments are milliseconds since 1970. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly digest: string;
  readonly scopes: readonly Scope[];
  readonly agentId?: AgentId | undefined;
  readonly createdMs: number;
  readonly expiresMs?: number | undefined;
  readonly lastUsedMs?: number | undefined;
}

export const KEY_PREFIX = 'key/';
const stored = z.object({
  id: z.string(),
  name: z.string(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1),
  agentId: z.string().optional(),
  createdMs: z.number(),
  expiresMs: z.number().optional(),
  lastUsedMs: z.number().optional(),
});

/** The record of a key: its digest, and never its text. */
export function keyWrite(record: KeyRecord): Write {
  return { key: KEY_PREFIX + record.id, value: record };
}

export function keyRemoval(id: string): Write {
  return { key: KEY_PREFIX + id, value: undefined };
}

/** Rejects with `store_failed` when a record can't be read. */
export async function loadKeys(store: Pick<Store, 'load'>): Promise<readonly KeyRecord[]> {
  const found: KeyRecord[] = [];
  for await (const page of store.load(KEY_PREFIX))
    for (const { key, value } of page) {
      const parsed = stored.safeParse(value);
      if (!parsed.success) throw damagedRecords(`The stored record '${key}' can't be read`);
      found.push(parsed.data as unknown as KeyRecord);
    }
  return found;
}
