// What this host and its copy of the others answer together, asking nobody (`mode=index`), and how good that answer is.

import { COPY_FRESH_MS_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Clock } from '../ports.ts';
import type { Host, Roster } from '../roster.ts';
import { inTurns } from '../time/turns.ts';
import type { LookUp, LookUpAnswer } from './fan-out.ts';
import type { IndexRow, ListedEntry, Question } from './index-entry.ts';
import { listedRow, type MeshCopy } from './mesh-copy.ts';
import { isNarrow } from './peer-index.ts';

/** A host whose part of the copy may be behind. `asOf`: ISO 8601, UTC; `null`: it was not heard since this host started. */
interface StaleHost {
  readonly hostId: HostId;
  readonly asOf: string | null;
}

/** How good a copy is: members of `meta` that the specification does not have. */
interface CopyState {
  /** When the host that was heard least lately said that the copy is as its index is; `null`: one was not heard since the start. */
  readonly asOf: string | null;
  /** Hosts that said so longer than `COPY_FRESH_MS_MAX` ago. */
  readonly stale: readonly StaleHost[];
  /** Whether an address that is not in the answer is nobody's: no host is stale. */
  readonly complete: boolean;
}

export interface CopyPorts {
  readonly copy: MeshCopy;
  readonly roster: () => Roster;
  readonly isLegacy: (id: HostId) => boolean;
  readonly clock: Clock;
}

export interface LocalCopyPorts extends CopyPorts {
  /** What this host itself answers. */
  readonly local: (question: Question) => readonly ListedEntry[];
}

function copyState({ copy, roster, clock }: Pick<CopyPorts, 'copy' | 'roster' | 'clock'>): CopyState {
  const nowMs = clock.monotonicMs();
  const wallMs = clock.wallMs();
  const momentOf = (atMs: number) => new Date(wallMs - (nowMs - atMs)).toISOString();
  let oldestMs: number | null = nowMs;
  const stale: StaleHost[] = [];
  for (const { id } of roster().peers) {
    const atMs = copy.confirmedMs(id);
    if (atMs === undefined) {
      oldestMs = null;
      stale.push({ hostId: id, asOf: null });
      continue;
    }
    if (oldestMs !== null) oldestMs = Math.min(oldestMs, atMs);
    if (nowMs - atMs > COPY_FRESH_MS_MAX) stale.push({ hostId: id, asOf: momentOf(atMs) });
  }
  return {
    asOf: oldestMs === null ? null : momentOf(oldestMs),
    stale,
    complete: stale.length === 0,
  };
}

/** Rows that answer the question, of enabled hosts alone, in the order in which a fan-out lists them: as in hosts.json, legacy hosts last. */
export function copiedRows({ copy, roster, isLegacy }: CopyPorts, question: Question): readonly ListedEntry[] {
  const peers = roster();
  const listed: { readonly row: IndexRow; readonly host: Host }[] = [];
  for (const row of rowsOf(copy, question)) {
    const host = peers.get(row.hostId);
    if (host?.enabled === true && host.id !== peers.self.id) listed.push({ row, host });
  }
  if (listed.length > 1) {
    const rank = new Map(peers.peers.map(({ id }, at) => [id, isLegacy(id) ? at + peers.peers.length : at]));
    const rankOf = ({ id }: Host) => rank.get(id) ?? Number.POSITIVE_INFINITY;
    listed.sort((one, other) => rankOf(one.host) - rankOf(other.host));
  }
  return listed.map(({ row, host }) => listedRow(row, host.url));
}

/**
 * The look-up that asks nobody. `meta` tells how good the copy is; the specification's counts tell of this host alone, for nobody else was
 * asked. One answer about everything is made at a time.
 */
export function createCopyLookUp(ports: LocalCopyPorts): LookUp {
  let whole: Promise<LookUpAnswer> | undefined;
  const answer = async (question: Question): Promise<LookUpAnswer> => {
    const startMs = ports.clock.monotonicMs();
    const counts = { federated: true, hostsQueried: 1, hostsSucceeded: 1, hostsFailed: [] } as const;
    const state = copyState(ports);
    const emails = await answerFromCopy(ports, question);
    const queryTime = Math.round(ports.clock.monotonicMs() - startMs);
    return { emails, meta: { ...counts, queryTime, mode: 'index', source: 'copy', ...state } };
  };
  return (question) => {
    if (isNarrow(question)) return answer(question);
    whole ??= answer(question).finally(() => {
      whole = undefined;
    });
    return whole;
  };
}

/** This host's own entries and the copy's; of two owners of one address the first stands. Written in turns. */
export async function answerFromCopy(
  ports: LocalCopyPorts,
  question: Question,
): Promise<ReadonlyMap<AddressKey, ListedEntry>> {
  const emails = new Map<AddressKey, ListedEntry>();
  const add = (listed: ListedEntry) => {
    if (!emails.has(listed.key)) emails.set(listed.key, listed);
  };
  await inTurns(ports.local(question), ports.clock, add);
  await inTurns(copiedRows(ports, question), ports.clock, add);
  return emails;
}

function rowsOf(copy: MeshCopy, { address, agentId }: Question): Iterable<IndexRow> {
  if (address === undefined) return agentId === undefined ? copy.all() : copy.ofAgent(agentId);
  const rows = copy.ofAddress(address.key);
  return agentId === undefined ? rows : rows.filter((row) => row.agentId === agentId);
}
