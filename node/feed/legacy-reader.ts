// Keeps the copy of a host that only serves the look-up: its whole index is read, and what differs is put. Such a host has no log, so nothing
// of it is told as an event; and nothing of it is kept on disk, for the next reading has all of it.

import { MeshError } from '../../mesh/errors.ts';
import { isSameRow } from '../../mesh/feed/row-equality.ts';
import { ANSWER_MS_MAX, INDEX_ANSWER_BYTES_MAX } from '../../mesh/limits.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import { EMAIL_INDEX_PATH, membersOf, type ParseAddress, readIndexEntry } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { FeedLog } from '../changes/change-log.ts';
import { announceGone } from './departure.ts';
import type { HostCopies } from './host-copies.ts';

/** Hosts that only serve the look-up. */
export const LEGACY_READ_MS = 60_000;

export interface LegacyReaderOptions {
  readonly hostId: HostId;
  readonly roster: () => Roster;
  readonly transport: PeerTransport;
  readonly copies: HostCopies;
  readonly changes: Pick<FeedLog, 'hear'>;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
}

export class LegacyReader {
  readonly #options: LegacyReaderOptions;
  #etag: string | undefined;

  constructor(options: LegacyReaderOptions) {
    this.#options = options;
  }

  /** Rejects with a `MeshError` as `PeerTransport.ask`, or `peer_unintelligible`. */
  async read(signal: AbortSignal): Promise<void> {
    const { hostId, roster, transport, copies, parseAddress, clock } = this.#options;
    const from = roster().get(hostId);
    if (from === undefined) return;
    const answer = await transport.ask(
      {
        ...{ to: hostId, lane: 'indexes', method: 'GET', path: EMAIL_INDEX_PATH, answerSignature: 'known-key' },
        headers: { 'X-Federated-Query': 'true', ...(this.#etag === undefined ? {} : { 'If-None-Match': this.#etag }) },
        answerMsMax: ANSWER_MS_MAX,
        answerBytesMax: INDEX_ANSWER_BYTES_MAX,
      },
      signal,
    );
    if (answer.status === 304) return copies.copy.confirm(hostId);
    const members = membersOf(answer);
    if (answer.status !== 200 || members === undefined)
      throw new MeshError('peer_unintelligible', `Host '${hostId}' answers no email index.`);
    const rows = new Map<AddressKey, IndexRow>();
    const door = { from, question: {}, parseAddress };
    await inTurns(members, clock, ([text, value]) => {
      const listed = readIndexEntry(text, value, door);
      if (listed === undefined) return;
      const { hostUrl: _, ...entry } = listed.entry;
      rows.set(listed.key, { address: listed.address, key: listed.key, ...entry });
    });
    if (!copies.isRead(hostId)) await this.#endHearing(signal);
    if (signal.aborted) return;
    await inTurns(copies.copy.keysOf(hostId), clock, (key) => {
      if (!rows.has(key)) copies.copy.change(hostId, { drop: [key], put: [] });
    });
    await inTurns(rows.values(), clock, (row) => {
      const known = copies.rowOf(hostId, row.key);
      if (known === undefined || !isSameRow(known, row)) copies.copy.change(hostId, { drop: [], put: [row] });
    });
    copies.copy.confirm(hostId);
    this.#etag = answer.etag;
  }

  /** What was told of a log is told to its end: from now on nobody would hear what becomes of it. */
  async #endHearing(signal: AbortSignal): Promise<void> {
    const { hostId, copies } = this.#options;
    if (copies.hosts().has(hostId)) await announceGone(this.#options, hostId, signal);
    if (!signal.aborted) copies.beginReading(hostId);
  }
}
