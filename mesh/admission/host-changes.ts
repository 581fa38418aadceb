// A change of the list of hosts as hosts tell it to each other: one host's entry, or that there is none any more. The last one of each host counts;
// two that were made at once are put in the same order everywhere. Who has not the mesh's secret can make none (HMAC-SHA256), and a host that is
// taken out can't be put back by an old message, for what is newer is remembered. hosts.json stays the operator's: a change is written into it
// once, when it is first heard of.
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { parseHost } from '../hosts-json.ts';
import { JsonFault, parseForeignJson } from '../json/foreign-json.ts';
import { FILE_BOUNDS } from '../json/json-shape.ts';
import { hostIdSchema } from '../name-schemas.ts';

/** One entry of hosts.json as text. */
export const ENTRY_CHARACTERS_MAX = 4_096;
/** Changes in one message: at most a part of what a peer reads (`PEER_BODY_BYTES_MAX`), however long their entries. */
export const CHANGES_OF_MESSAGE_MAX = 50;

export const HOSTS_PATH = '/api/mesh/v1/hosts';
export const HOSTS_VERSION = 1;
const KEY_BYTES = 32;

export const hostChange = z.object({
  id: hostIdSchema,
  /** The entry of hosts.json as JSON text, as it was written by who made the change; `null`: none. */
  entry: z.string().max(ENTRY_CHARACTERS_MAX).nullable(),
  /** A number greater than that of every change that the maker of this one knew. */
  number: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  /** The host on which it was made. */
  by: hostIdSchema,
  mac: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type HostChange = z.infer<typeof hostChange>;

export const hostsMessage = z.object({
  version: z.literal(HOSTS_VERSION),
  /** The digest of all changes that the sender knows. */
  digest: z.string().max(64),
  changes: z.array(hostChange).max(CHANGES_OF_MESSAGE_MAX),
});
export type HostsMessage = z.infer<typeof hostsMessage>;

export const hostsAnswer = z.object({ version: z.literal(HOSTS_VERSION), digest: z.string().max(64) });

/** Makes changes, and tells those that were made with the same secret. */
export class ChangeSeal {
  readonly #key: Uint8Array;

  constructor(secret: string) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'mesh-hosts change', KEY_BYTES));
  }

  make(change: Omit<HostChange, 'mac'>): HostChange {
    return { ...change, mac: this.#macOf(change).toString('base64url') };
  }

  fits(change: HostChange): boolean {
    return timingSafeEqual(Buffer.from(change.mac, 'base64url'), this.#macOf(change));
  }

  #macOf({ id, entry, number, by }: Omit<HostChange, 'mac'>): Buffer {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([HOSTS_VERSION, id, entry, number, by]))
      .digest();
  }
}

/** Whether `change` counts where `known` was there before. */
export function isNewer(change: HostChange, known: HostChange | undefined): boolean {
  if (known === undefined || change.number !== known.number) return change.number > (known?.number ?? 0);
  return change.by === known.by ? change.mac > known.mac : change.by > known.by;
}

/** One text for all hosts that know the same changes. */
export function digestOf(changes: Iterable<HostChange>): string {
  const macs = [...changes].map(({ mac }) => mac).sort();
  return createHash('sha256').update(macs.join('\n')).digest('base64url');
}

/** The entry that the change says; `undefined` when it says none, or one that hosts.json could not hold for that host. */
export function entryOf({
  id,
  entry,
}: Pick<HostChange, 'id' | 'entry'>): Readonly<Record<string, unknown>> | undefined {
  const host = entry === null ? undefined : parseHost(parsedText(entry));
  return host?.id === id ? host.entry : undefined;
}

/** The entry as a change carries it. */
export function entryText(entry: Readonly<Record<string, unknown>>): string {
  const { type: _, ...told } = entry;
  return JSON.stringify(told);
}

/** What the text says as JSON; `undefined`, which no schema takes, when it is none. */
export function parsedText(text: string): unknown {
  try {
    return parseForeignJson(text, FILE_BOUNDS);
  } catch (error) {
    if (error instanceof JsonFault) return undefined;
    throw error;
  }
}
