// An inbox as this host keeps it, and what is asked of it.

import { parseAnyAddress } from '../../mesh/address/identity.ts';
import type { KeepingChange, KeepingSettings } from './retention.ts';

/** Inboxes of one host. */
export const INBOXES_MAX = 100_000;
/** Keys of the metadata of one inbox. */
export const METADATA_KEYS_MAX = 256;

/** `creating`: its address may not be claimed yet. `deleting`: nobody is shown it any more, and what it held is being erased. */
export type InboxState = 'creating' | 'active' | 'deleting';

export interface Inbox extends KeepingSettings {
  /** The address, as the registry has it. */
  readonly inboxId: string;
  /** The pod that it was made in, and stays in. */
  readonly podId: string;
  readonly state: InboxState;
  /** The agent that has the address; absent while that is not known yet. */
  readonly agentId?: string | undefined;
  /** The agent was made for this inbox, and goes with it. */
  readonly makesAgent: boolean;
  readonly displayName?: string | undefined;
  readonly clientId?: string | undefined;
  readonly metadata?: Metadata | undefined;
  /** Octets of its mail. */
  readonly usedBytes: number;
  readonly mails: number;
  /** What becomes of mail that its domain wants refused. */
  readonly dmarc: DmarcSetting;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What its owner notes of it. */
export type Metadata = Readonly<Record<string, MetadataValue>>;
type MetadataValue = string | number | boolean;

/** `label`: it lies in quarantine. `reject`: it is refused, as its domain asks for (RFC 9989, p=reject). */
export const DMARC_SETTINGS = ['label', 'reject'] as const;
export type DmarcSetting = (typeof DMARC_SETTINGS)[number];

/** Absent: as it is. */
export interface SettingsChange extends KeepingChange {
  readonly dmarc?: DmarcSetting | undefined;
}

/** An address as inboxes are called: in lower case, its domain in the letters that people read. */
export function inboxIdOf(address: string): string {
  const parsed = parseAnyAddress(address);
  return parsed.valid ? parsed.address : address.toLowerCase();
}

/** The address without its `+tag`, which many providers let people add; `undefined` where there is none. */
export function withoutTag(address: string): string | undefined {
  const at = address.lastIndexOf('@');
  const tag = address.indexOf('+');
  return tag > 0 && tag < at ? address.slice(0, tag) + address.slice(at) : undefined;
}

/** What is written down before the address is claimed. */
export interface InboxDraft
  extends Pick<Inbox, 'inboxId' | 'agentId' | 'makesAgent' | 'displayName' | 'clientId' | 'metadata'> {
  /** Absent: the default one. */
  readonly podId?: string | undefined;
  readonly atMs: number;
}

/**
 * `begun`: the row is new. `known`: an inbox was made with that client id before, perhaps under another address. `taken`: another inbox
 * has the address. `full`: there are `INBOXES_MAX`. `podless`: there is no such pod any more.
 */
export type BegunInbox =
  | { readonly outcome: 'begun' | 'known' | 'taken'; readonly inbox: Inbox }
  | { readonly outcome: 'full' }
  | { readonly outcome: 'podless' };

export interface InboxChange {
  readonly inboxId: string;
  /** Absent: as it is; `null`: none. */
  readonly displayName?: string | null | undefined;
  readonly metadata?: MetadataChange | undefined;
  readonly atMs: number;
}

/** Merged with what there is; a key that is `null` is removed, and `null` removes all. */
export type MetadataChange = Readonly<Record<string, MetadataValue | null>> | null;

/** `gone`: there is no such inbox any more. `full`: its metadata would have more than `METADATA_KEYS_MAX` keys. */
export type ChangedInbox =
  | { readonly outcome: 'done'; readonly inbox: Inbox }
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'full' };

/** `undefined`: there is none any more. */
export function mergedMetadata(before: Metadata | undefined, change: MetadataChange): Metadata | undefined {
  const after = Object.entries({ ...before, ...change }).flatMap(([key, value]) =>
    value === null || change === null ? [] : [[key, value] as const],
  );
  return after.length === 0 ? undefined : Object.fromEntries(after);
}

/** The organization whose inboxes these are. */
export interface Organization {
  readonly organizationId: string;
  /** The pod of the inboxes that were put into no other. */
  readonly podId: string;
  /** Proves the links of files that this host has made. */
  readonly fileKey: Uint8Array;
  readonly createdAtMs: number;
}
