// The federated question: every enabled peer is asked at once who owns an address (or an agent's addresses, or all), each has
// five seconds for headers and body, and whoever did not answer is named; a host that is known to be down has a quarter of a second, unless
// the copy says that it is the owner. Askers of the same question at the same moment share one fan-out. Our own clock ends it, so a
// transport that never settles can't hang it.
// It does not promise that an absent address is free (a silent peer may hold it), nor to see a change that a peer made after
// it answered: at most five seconds for one's own question, `SHARED_QUESTION_MS_MAX` more for one that was joined.
import { type ErrorCode, MeshError } from '../errors.ts';
import { ANSWER_MS_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Clock } from '../ports.ts';
import type { Host, Roster } from '../roster.ts';
import { type DeadlineEnd, startDeadline, unlessAborted } from '../time/deadline.ts';
import { inTurns } from '../time/turns.ts';
import type { ListedEntry, Question } from './index-entry.ts';
import { askPeer, type Heard, isNarrow, type PeerIndexPorts } from './peer-index.ts';
import { QuestionRoom } from './question-room.ts';

/** An answer of a host that the heartbeat does not reach: the host answers at once again, or the question should not wait for it. */
const PROBE_MS_MAX = 250;
/** Askers of the same question within this long share one fan-out, so an answer is at most this much older than its question. */
export const SHARED_QUESTION_MS_MAX = 100;
/** Questions for everything begin at least this far apart. */
const WHOLE_QUESTION_GAP_MS = 500;
/** Entries that peers' whole indexes may have together in one answer: about 300 octets each. */
export const FEDERATED_ENTRIES_MAX = 1_000_000;

/** `meta` of the answer (specification, "Federated Lookup"). The counts include this host. */
export interface LookUpMeta {
  readonly federated: true;
  readonly hostsQueried: number;
  readonly hostsSucceeded: number;
  /** In the order of hosts.json. */
  readonly hostsFailed: readonly HostId[];
  /** Whole milliseconds. */
  readonly queryTime: number;
  /** Why each failed host did; absent when none did. Ours, not the specification's. */
  readonly failures?: Readonly<Record<HostId, ErrorCode>>;
  /** Entries in peers' answers that were refused; absent when none was. Ours, not the specification's. */
  readonly entriesDropped?: number;
  /** How the mesh was asked; absent: everybody was. Ours, as what follows. */
  readonly mode?: LookUpMode;
  /** Who says so: hosts that were asked, or the copy. */
  readonly source?: 'owner' | 'copy';
  /** In an answer from a copy alone: when the host that was heard least lately said that the copy is as its index is; `null`: one was not heard since the start. */
  readonly asOf?: string | null;
  /** In an answer from a copy alone: hosts that said so longer than `COPY_FRESH_MS_MAX` ago. */
  readonly stale?: readonly { readonly hostId: HostId; readonly asOf: string | null }[];
  /** In an answer from a copy alone: whether an address that is not in the answer is nobody's, for no host is stale. */
  readonly complete?: boolean;
}

/** What a client may ask for in place of a fan-out to everybody. */
export const LOOK_UP_MODES = ['verify', 'index'] as const;
export type LookUpMode = (typeof LOOK_UP_MODES)[number];

export interface LookUpAnswer {
  /** Own host's first, then in the order of hosts.json, legacy peers last; of two owners of one address the first stands here. */
  readonly emails: ReadonlyMap<AddressKey, ListedEntry>;
  readonly meta: LookUpMeta;
}

/**
 * Asks the mesh. Rejects with `rate_limited` when too many questions are under way, or of this `client`; with the signal's reason when
 * `signal` aborts (the other askers of the question do not notice); and never for what a peer did. One question for everything is under way
 * at a time: who asks meanwhile waits for it, and shares the next one.
 */
export type LookUp = (question: Question, signal?: AbortSignal, client?: string) => Promise<LookUpAnswer>;

export interface LookUpPorts extends PeerIndexPorts {
  readonly roster: () => Roster;
  /** What this host itself answers. The list must not change afterwards. */
  readonly local: (question: Question) => readonly ListedEntry[];
  /** Whether the copy names the peer as an owner of what is asked. */
  readonly isOwner: (peer: HostId, question: Question) => boolean;
  /** Whether the heartbeat does not reach the peer. */
  readonly isDown: (peer: HostId) => boolean;
}

/** One question on its way around the mesh, and how many wait for it. */
interface FanOut {
  /** Infinite while it waits for its turn: then it may be joined. */
  startMs: number;
  readonly end: AbortController;
  readonly answer: Promise<LookUpAnswer>;
  askers: number;
}

/**
 * The look-up that asks everybody (specification, "Federated Lookup"). Each call resolves within `ANSWER_MS_MAX` of its fan-out's beginning,
 * and names the hosts that were silent. It rejects with the reason of `signal`, or with `rate_limited` when too many questions of
 * the client, or of all, are under way. Questions for everything wait for each other, `WHOLE_QUESTION_GAP_MS` apart.
 */
export function createLookUp(ports: LookUpPorts): LookUp {
  const joinable = new Map<string, FanOut>();
  const room = new QuestionRoom();
  /** Peers that are said to be down, and have answered since. */
  const revived = new Set<HostId>();
  /** Resolves when the next question for everything may begin. */
  let wholeTurn: Promise<unknown> = Promise.resolve();

  const start = (name: string, question: Question, client: string): FanOut => {
    const leave = room.enter(client);
    const waiting = { startMs: Number.POSITIVE_INFINITY, end: new AbortController(), askers: 0 };
    const begin = () => {
      waiting.startMs = ports.clock.monotonicMs();
      return askMesh(ports, question, waiting.end, revived);
    };
    const isWhole = !isNarrow(question);
    const { signal } = waiting.end;
    const answer = (isWhole ? turnUnlessLeft(wholeTurn, signal).then(begin) : begin()).finally(() => {
      leave();
      forget(name, fanOut);
    });
    if (isWhole) wholeTurn = nextAfter(ports.clock, { turn: wholeTurn, signal, answer });
    const fanOut: FanOut = Object.assign(waiting, { answer });
    joinable.set(name, fanOut);
    return fanOut;
  };
  const forget = (name: string, fanOut: FanOut) => {
    if (joinable.get(name) === fanOut) joinable.delete(name);
  };

  return async (question, signal, client = '') => {
    signal?.throwIfAborted();
    const name = `${question.address?.key ?? ''}\n${question.agentId ?? ''}`;
    const young = joinable.get(name);
    const isFresh = young !== undefined && ports.clock.monotonicMs() - young.startMs <= SHARED_QUESTION_MS_MAX;
    const fanOut = isFresh ? young : start(name, question, client);
    // Nobody may join a fan-out that is being given up: its answer would name every host as silent.
    return waitFor(fanOut, signal, () => forget(name, fanOut));
  };
}

interface WholeQuestion {
  readonly turn: Promise<unknown>;
  /** Aborts when all of its askers have left. */
  readonly signal: AbortSignal;
  readonly answer: Promise<unknown>;
}

/** Rejects at once when all askers leave before it is their turn. */
function turnUnlessLeft(turn: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const left = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => left.reject(signal.reason), { once: true });
  return Promise.race([turn, left.promise]);
}

/**
 * Not before the one before it has ended, however it did, nor within `WHOLE_QUESTION_GAP_MS` of its beginning. One that nobody waits for any
 * more takes no turn.
 */
async function nextAfter(clock: Clock, { turn, signal, answer }: WholeQuestion): Promise<void> {
  await turn;
  if (!signal.aborted) await Promise.allSettled([answer, clock.sleep(WHOLE_QUESTION_GAP_MS)]);
}

/** Waits with the others; the last one to leave early ends the fan-out. */
function waitFor(fanOut: FanOut, signal: AbortSignal | undefined, onLastLeft: () => void): Promise<LookUpAnswer> {
  fanOut.askers += 1;
  if (signal === undefined) return fanOut.answer;
  return new Promise((resolve, reject) => {
    const leave = () => {
      fanOut.askers -= 1;
      if (fanOut.askers === 0) {
        onLastLeft();
        fanOut.end.abort();
      }
      reject(signal.reason);
    };
    const stay = () => signal.removeEventListener('abort', leave);
    signal.addEventListener('abort', leave, { once: true });
    fanOut.answer.then(resolve, reject).finally(stay);
  });
}

async function askMesh(
  ports: LookUpPorts,
  question: Question,
  end: AbortController,
  revived: Set<HostId>,
): Promise<LookUpAnswer> {
  const { clock } = ports;
  const startMs = clock.monotonicMs();
  const all = ports.roster().peers;
  const peers = all.some(({ id }) => ports.isLegacy(id)) ? legacyLast(all, ports.isLegacy) : all;
  const budget = { entries: FEDERATED_ENTRIES_MAX };
  using deadline = startDeadline({ clock, ms: ANSWER_MS_MAX, signals: [end.signal], silent: givenUp });
  const silence: Heard = { failure: 'peer_silent' };
  const isProbed = ({ id }: Host) => ports.isDown(id) && !revived.has(id) && !ports.isOwner(id, question);
  const probed = new Set(peers.filter(isProbed));
  using probe =
    probed.size === 0
      ? undefined
      : startDeadline({ clock, ms: PROBE_MS_MAX, signals: [deadline.signal], silent: givenUp });
  const ask = async (peer: Host) => {
    const { signal } = probed.has(peer) ? (probe ?? deadline) : deadline;
    const heard = await unlessAborted(signal, askPeer(ports, peer, question, budget, signal), silence);
    if ('failure' in heard || !ports.isDown(peer.id)) revived.delete(peer.id);
    else revived.add(peer.id);
    return heard;
  };
  const { emails, failures, dropped } = await merge(ports, question, peers, await Promise.all(peers.map(ask)));
  const meta: LookUpMeta = {
    federated: true,
    hostsQueried: 1 + peers.length,
    hostsSucceeded: 1 + peers.length - failures.length,
    hostsFailed: failures.map(([id]) => id),
    queryTime: Math.round(clock.monotonicMs() - startMs),
    ...(failures.length > 0 ? { failures: Object.fromEntries(failures) } : {}),
    ...(dropped > 0 ? { entriesDropped: dropped } : {}),
  };
  return { emails, meta };
}

/** The first of two answers about one address stands: this host's own, then the peers' in their order. `heard[i]` is of `peers[i]`. */
async function merge(ports: LookUpPorts, question: Question, peers: readonly Host[], heard: readonly Heard[]) {
  const emails = new Map<AddressKey, ListedEntry>();
  const failures: [HostId, ErrorCode][] = [];
  let dropped = 0;
  const add = (listed: ListedEntry) => {
    if (!emails.has(listed.key)) emails.set(listed.key, listed);
  };
  await inTurns(ports.local(question), ports.clock, add);
  for (const [index, peer] of peers.entries()) {
    const outcome = heard[index];
    if (outcome === undefined) continue;
    if ('failure' in outcome) {
      failures.push([peer.id, outcome.failure]);
    } else {
      dropped += outcome.dropped;
      await inTurns(outcome.entries, ports.clock, add);
    }
  }
  return { emails, failures, dropped };
}

function givenUp(end: DeadlineEnd): MeshError {
  const why = end === 'late' ? 'gave no complete answer in time' : 'is not asked any more';
  return new MeshError('peer_silent', `The peer ${why}.`);
}

function legacyLast(peers: readonly Host[], isLegacy: (id: HostId) => boolean): readonly Host[] {
  return [...peers.filter(({ id }) => !isLegacy(id)), ...peers.filter(({ id }) => isLegacy(id))];
}
