// The question that asks as few as it can (`mode=verify`): the copy says who owns the address, and that host alone confirms it. Where the copy
// names nobody, or the host denies it or keeps its asker waiting, everybody is asked: an answer is never the copy's alone.
import { MeshError } from '../errors.ts';
import type { Host } from '../roster.ts';
import { startDeadline, unlessAborted } from '../time/deadline.ts';
import { copiedRows, type LocalCopyPorts } from './copy-answer.ts';
import { FEDERATED_ENTRIES_MAX, type LookUp, type LookUpAnswer } from './fan-out.ts';
import type { ListedEntry, Question } from './index-entry.ts';
import { askPeer, isNarrow, type PeerIndexPorts } from './peer-index.ts';

/** The host that the copy names is asked alone for this long; then everybody is. */
const OWNER_ALONE_MS_MAX = 500;

export interface OwnerFirstPorts extends PeerIndexPorts, LocalCopyPorts {
  /** Asks everybody. */
  readonly lookUp: LookUp;
}

const VERIFIED = { mode: 'verify', source: 'owner' } as const;

/** Rejects as the fan-out does. */
export function createOwnerFirst(ports: OwnerFirstPorts): LookUp {
  return async (question, signal, client) => {
    signal?.throwIfAborted();
    const startMs = ports.clock.monotonicMs();
    const own = isNarrow(question) ? ports.local(question) : [];
    if (own.length > 0) return answerOf(own, 1, ports.clock.monotonicMs() - startMs);
    const owner = isNarrow(question) ? ownerOf(ports, question) : undefined;
    const confirmed = owner === undefined ? [] : await confirm(ports, owner, question, signal);
    if (confirmed.length > 0) return answerOf(confirmed, 2, ports.clock.monotonicMs() - startMs);
    signal?.throwIfAborted();
    const { emails, meta } = await ports.lookUp(question, signal, client);
    // Also the time that the owner was waited for.
    const queryTime = Math.round(ports.clock.monotonicMs() - startMs);
    return { emails, meta: { ...meta, queryTime, ...VERIFIED } };
  };
}

function ownerOf(ports: OwnerFirstPorts, question: Question): Host | undefined {
  const [first] = copiedRows(ports, question);
  return first === undefined ? undefined : ports.roster().get(first.entry.hostId);
}

/** What the host confirms; nothing when it denies it, fails or says nothing in time. */
async function confirm(
  ports: OwnerFirstPorts,
  owner: Host,
  question: Question,
  signal: AbortSignal | undefined,
): Promise<readonly ListedEntry[]> {
  const signals = signal === undefined ? [] : [signal];
  using alone = startDeadline({ clock: ports.clock, ms: OWNER_ALONE_MS_MAX, signals, silent: notConfirmed });
  const budget = { entries: FEDERATED_ENTRIES_MAX };
  const asked = askPeer(ports, owner, question, budget, alone.signal);
  const heard = await unlessAborted(alone.signal, asked, { failure: 'peer_silent' } as const);
  return 'failure' in heard ? [] : heard.entries;
}

function notConfirmed(): MeshError {
  return new MeshError('peer_silent', 'The owner by the copy did not confirm it in time; everybody is asked.');
}

function answerOf(entries: readonly ListedEntry[], hosts: number, tookMs: number): LookUpAnswer {
  const counts = { federated: true, hostsQueried: hosts, hostsSucceeded: hosts, hostsFailed: [] } as const;
  return {
    emails: new Map(entries.map((listed) => [listed.key, listed])),
    meta: { ...counts, queryTime: Math.round(tookMs), ...VERIFIED },
  };
}
