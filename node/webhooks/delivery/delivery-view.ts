// One delivery as people see it: what became of an entry for a subscription, and each attempt that is kept.
import type { ChangeEntry } from '../../changes/change-log.ts';
import { wanted } from '../epochs.ts';
import { laneName } from '../lanes/lane-name.ts';
import type { Lane } from '../lanes/lanes.ts';
import type { Acceptance, DeadLetter, KeptAttempt } from '../webhook-records.ts';
import type { Channel } from './channel.ts';

export const DELIVERY_STATUSES = ['pending', 'held', 'dead', 'delivered'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Moments are ISO 8601, UTC. */
export interface AttemptView {
  /** 1 for the first. */
  readonly attempt: number;
  readonly at: string;
  readonly durationMs: number;
  /** The receiver's answer; absent: there was none, and `error` says why. */
  readonly status?: number;
  readonly error?: string;
}

export interface DeliveryView {
  /** `webhook-id`; `null` where the log lost the entry before it could be kept. */
  readonly id: string | null;
  /** The entry's position in this node's log. */
  readonly seq: number;
  readonly event?: string;
  readonly agent?: { readonly id: string; readonly name: string; readonly hostId: string };
  /** Position among the agent's events. */
  readonly sequence?: number;
  /** When the change happened. */
  readonly timestamp?: string;
  readonly status: DeliveryStatus;
  /** Attempts begun. Absent: it was accepted so long ago that nothing is kept of how. */
  readonly attemptCount?: number;
  readonly lastAttempt?: AttemptView;
  /** Absent: now, or when it is its turn. */
  readonly nextAttemptAt?: string;
  /** `seq` of the agent's event that must be settled before this one is attempted. */
  readonly waitsFor?: number;
  readonly diedAt?: string;
  readonly reason?: DeadLetter['reason'];
  /** The delivery is being sent again. */
  readonly isReplayed?: true;
}

/** What is known of an entry: the entry itself, its dead letter, or both; and how it was accepted. */
export interface Known {
  readonly seq: number;
  readonly entry: ChangeEntry | undefined;
  readonly letter: DeadLetter | undefined;
  readonly accepted?: Acceptance | undefined;
}

/** `undefined`: the subscription has nothing to do with the entry. */
export function statusOf({ subscription, lanes }: Channel, { entry, letter }: Known): DeliveryStatus | undefined {
  if (letter !== undefined) return 'dead';
  if (entry === undefined || !wanted(subscription, entry)) return undefined;
  if (lanes.isSettled(entry)) return 'delivered';
  return subscription.isEnabled ? 'pending' : 'held';
}

/**
 * A delivery as the API shows it. `attemptCount` is absent where how many there were is not kept any more; `waitsFor` is the `seq` that
 * comes first.
 */
export function deliveryView(channel: Channel, known: Known, status: DeliveryStatus): DeliveryView {
  const { seq, entry, letter } = known;
  const lane = laneAt(channel, known);
  const last = historyOf(channel, known).at(-1);
  const begun = lane ?? letter ?? known.accepted;
  const attemptCount = begun?.attempts ?? (status === 'delivered' ? undefined : 0);
  const first = entry === undefined ? undefined : channel.lanes.of(laneName(entry))?.seq;
  const isBehind = (status === 'pending' || status === 'held') && first !== undefined && first < seq;
  const nextMs = Math.max(lane?.dueMs ?? 0, channel.endpoint.pausedUntilMs);
  return {
    id: entry?.id ?? null,
    seq,
    ...(entry === undefined ? {} : toldOf(entry)),
    status,
    ...(attemptCount === undefined ? {} : { attemptCount }),
    ...(last === undefined ? {} : { lastAttempt: attemptView(last) }),
    ...(lane?.state === 'waiting' && channel.isEnabled ? { nextAttemptAt: new Date(nextMs).toISOString() } : {}),
    ...(isBehind ? { waitsFor: first } : {}),
    ...(letter === undefined ? {} : { diedAt: letter.diedAt, reason: letter.reason }),
    ...(channel.replays.sending(seq) === undefined ? {} : { isReplayed: true }),
  };
}

/** The kept attempts, oldest first. */
export function attemptsOf(channel: Channel, known: Known): readonly AttemptView[] {
  return historyOf(channel, known).map(attemptView);
}

function historyOf(channel: Channel, known: Known): readonly KeptAttempt[] {
  return (laneAt(channel, known) ?? known.letter ?? known.accepted)?.history ?? [];
}

/** The lane that is at the entry: one of the changes as they come, or of a replay. */
function laneAt({ lanes, replays }: Channel, { seq, entry }: Known): Lane | undefined {
  const lane = entry === undefined ? undefined : lanes.of(laneName(entry));
  return lane?.seq === seq && lane.state !== 'seeking' ? lane : replays.sending(seq)?.lane;
}

function toldOf({ event, agent, sequence, timestamp }: ChangeEntry) {
  return { event, agent: { id: agent.id, name: agent.name, hostId: agent.hostId }, sequence, timestamp };
}

function attemptView({ attempt, atMs, tookMs, status, error }: KeptAttempt): AttemptView {
  return {
    attempt,
    at: new Date(atMs).toISOString(),
    durationMs: tookMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
  };
}
