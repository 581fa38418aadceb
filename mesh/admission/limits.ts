// What an admission is bounded by.
import { HOSTS_MAX } from '../limits.ts';

/** A token that nobody used by then opens nothing any more. */
export const INVITATION_MS_MAX = 30 * 60_000;
/** Invitations that are open at once. */
export const INVITATIONS_MAX = 64;
/** One entry of hosts.json as text. */
export const ENTRY_CHARACTERS_MAX = 4_096;
/** Changes of the list of hosts that are remembered: the last one of each host, those of hosts that were taken out too. */
export const CHANGES_MAX = 2 * HOSTS_MAX;
/** Changes in one message: at most a part of what a peer reads (`PEER_BODY_BYTES_MAX`), however long their entries. */
export const CHANGES_OF_MESSAGE_MAX = 50;
