// What this host and its copy of the others answer together, asking nobody (`mode=index`), and how good that answer is.

import { COPY_FRESH_MS_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Clock } from '../ports.ts';
import type { Host, Roster } from '../roster.ts';
import { inTurns } from '../time/turns.ts';
import type { LookUp, LookUpAnswer, LookUpMeta } from './fan-out.ts';
import type { IndexRow, ListedEntry, Question } from './index-entry.ts';
import { listedRow, type MeshCopy } from './mesh-copy.ts';
import { isNarrow } from './peer-index.ts';

/** A host whose part of the copy may be behind. `asOf`: ISO 8601, UTC; `null`: it was not heard since this host started. */
interface StaleHost {
  readonly hostId: HostId;
  readonly asOf: string | null;
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

/** This host alone was asked. */
const COUNTS = { federated: true, hostsQueried: 1, hostsSucceeded: 1, hostsFailed: [] } as const;

/** Tells how good the copy is, as of now. Worked out again only where that may have changed: of a hundred hosts it costs as much as an answer. */
function createCopyState(ports: Pick<CopyPorts, 'copy' | 'roster' | 'clock'>): () => LastingState {
  let known: { readonly confirmations: number; readonly roster: Roster; readonly state: LastingState } | undefined;
  return () => {
    const { confirmations } = ports.copy;
    const roster = ports.roster();
    const isKnown = known?.confirmations === confirmations && known.roster === roster;
    if (known === undefined || !isKnown || ports.clock.monotonicMs() > known.state.untilMs)
      known = { confirmations, roster, state: copyStateNow(ports) };
    return known.state;
  };
}

interface LastingState {
  /** `meta` of an answer that waited for nothing. */
  readonly meta: LookUpMeta;
  readonly metaJson: string;
  /** By the monotonic clock: what was told stays true until then, unless a host confirms its part. */
  readonly untilMs: number;
}

function copyStateNow({ copy, roster, clock }: Pick<CopyPorts, 'copy' | 'roster' | 'clock'>): LastingState {
  const nowMs = clock.monotonicMs();
  const wallMs = clock.wallMs();
  const momentOf = (atMs: number) => new Date(wallMs - (nowMs - atMs)).toISOString();
  let oldestMs: number | null = nowMs;
  let untilMs = roster().peers.length === 0 ? nowMs : Number.POSITIVE_INFINITY;
  const stale: StaleHost[] = [];
  for (const { id } of roster().peers) {
    const atMs = copy.confirmedMs(id);
    if (atMs === undefined) {
      oldestMs = null;
      stale.push({ hostId: id, asOf: null });
      continue;
    }
    if (oldestMs !== null) oldestMs = Math.min(oldestMs, atMs);
    if (copy.isDoubted(id) || nowMs - atMs > COPY_FRESH_MS_MAX) stale.push({ hostId: id, asOf: momentOf(atMs) });
    else untilMs = Math.min(untilMs, atMs + COPY_FRESH_MS_MAX);
  }
  const asOf = oldestMs === null ? null : momentOf(oldestMs);
  const meta = {
    ...COUNTS,
    queryTime: 0,
    mode: 'index',
    source: 'copy',
    asOf,
    stale,
    complete: stale.length === 0,
  } as const;
  return { meta, metaJson: JSON.stringify(meta), untilMs };
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

/** The look-ups that ask nobody. `meta` tells how good the copy is; the specification's counts tell of this host alone. */
export interface CopyLookUps {
  /** Answers at once what is asked about one address or one agent. */
  readonly known: (question: Question) => LookUpAnswer;
  /** The answer of `known` about an address that is its own key, as JSON; `undefined` where anybody but exactly one other host shows it. */
  readonly knownJson: (key: AddressKey) => string | undefined;
  /** Answers any question. One answer about everything is made at a time. */
  readonly index: LookUp;
}

/** The look-ups over this host's own index and its copy of the others'. Own entries come first. */
export function createCopyLookUps(ports: LocalCopyPorts): CopyLookUps {
  const stateNow = createCopyState(ports);
  const known = (question: Question) => {
    const emails = new Map<AddressKey, ListedEntry>();
    for (const listed of ports.local(question)) addFirst(emails, listed);
    for (const listed of copiedRows(ports, question)) addFirst(emails, listed);
    return { emails, meta: stateNow().meta };
  };
  const knownJson = (key: AddressKey) => {
    const row = ports.copy.soleOwner(key);
    if (row === undefined || (row.address as string) !== key) return undefined;
    const { self, get } = ports.roster();
    const host = get(row.hostId);
    if (host?.enabled !== true || host.id === self.id || ports.local({ address: row }).length > 0) return undefined;
    return `{"emails":{${JSON.stringify(key)}:${row.entryJson(host.url)}},"meta":${stateNow().metaJson}}`;
  };
  const everything = async () => {
    const sinceMs = ports.clock.monotonicMs();
    const { meta } = stateNow();
    const emails = await answerFromCopy(ports, {});
    return { emails, meta: { ...meta, queryTime: Math.round(ports.clock.monotonicMs() - sinceMs) } };
  };
  let whole: Promise<LookUpAnswer> | undefined;
  const index: LookUp = async (question) => {
    if (isNarrow(question)) return known(question);
    whole ??= everything().finally(() => {
      whole = undefined;
    });
    return whole;
  };
  return { known, knownJson, index };
}

/** This host's own entries and the copy's; of two owners of one address the first stands. Written in turns. */
export async function answerFromCopy(
  ports: LocalCopyPorts,
  question: Question,
): Promise<ReadonlyMap<AddressKey, ListedEntry>> {
  const emails = new Map<AddressKey, ListedEntry>();
  const add = (listed: ListedEntry) => addFirst(emails, listed);
  await inTurns(ports.local(question), ports.clock, add);
  await inTurns(copiedRows(ports, question), ports.clock, add);
  return emails;
}

function addFirst(emails: Map<AddressKey, ListedEntry>, listed: ListedEntry): void {
  if (!emails.has(listed.key)) emails.set(listed.key, listed);
}

function rowsOf(copy: MeshCopy, { address, agentId }: Question): Iterable<IndexRow> {
  if (address === undefined) return agentId === undefined ? copy.all() : copy.ofAgent(agentId);
  const rows = copy.ofAddress(address.key);
  return agentId === undefined ? rows : rows.filter((row) => row.agentId === agentId);
}
