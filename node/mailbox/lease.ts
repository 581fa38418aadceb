// The work on one mail as a state machine: a worker takes it for a while, and does it, gives it back, or loses it when its time is over. Pure:
// the time and the names of leases are handed in. It does not promise that a mail is worked on once. A worker that is late and one that took
// over may both be at it; of the two, only the second can end it, and what both send has the same work key.

/** Attempts at one piece of work, after which nobody is given it any more. */
export const ATTEMPTS_MAX = 5;
/** Seconds of a lease, and what it has when nothing is said. */
export const LEASE_SECONDS_MIN = 10;
export const LEASE_SECONDS_MAX = 3_600;
export const LEASE_SECONDS_DEFAULT = 300;
/** Seconds that a worker may keep everybody from a mail that it gives back. */
export const DELAY_SECONDS_MAX = 86_400;

/**
 * `held`: a worker has it until `untilMs`. `waiting`: it was given back, and nobody gets it before `untilMs`. `free`: anybody may take it.
 * `done`: taken again, it is another piece of work. `failed`: there were `ATTEMPTS_MAX`.
 */
export type WorkState = 'held' | 'waiting' | 'free' | 'done' | 'failed';

/** What is known of the work on a mail that was taken once. */
export interface Work {
  readonly state: WorkState;
  /** The last lease; absent when it ran out. */
  readonly lease?: string | undefined;
  /** Who took it last, by its own name. */
  readonly worker: string;
  readonly attempts: number;
  /** Names the work to the outside, at every attempt alike. */
  readonly workKey: string;
  /** When the time that `untilMs` ends has begun, both by the wall clock. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

export type WorkEvent =
  | {
      readonly kind: 'claim';
      readonly lease: string;
      readonly worker: string;
      /** The work key, if this begins a piece of work. */
      readonly newKey: string;
      readonly leaseMs: number;
    }
  | { readonly kind: 'extend'; readonly lease: string; readonly leaseMs: number }
  | { readonly kind: 'complete'; readonly lease: string }
  /** `counts`: as an attempt, which it does unless the worker never heard that it had the mail. */
  | { readonly kind: 'release'; readonly lease: string; readonly delayMs: number; readonly counts: boolean }
  /** Nothing happens but time. */
  | { readonly kind: 'settle' };

/** What a step makes of the work, and of the mail's labels. */
export interface WorkStep {
  readonly work: Work;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** `undefined`: the lease that was shown is dead, or nobody may take the mail now; nothing changes but what time alone has changed. */
export function stepWork(before: Work | undefined, event: WorkEvent, nowMs: number): WorkStep | undefined {
  const settled = before === undefined ? undefined : settle(before, nowMs);
  if (event.kind === 'settle') return settled;
  const work = settled?.work;
  if (event.kind === 'claim') return work === undefined || isTakeable(work) ? taken(work, event, nowMs) : undefined;
  if (work?.lease !== event.lease) return undefined;
  switch (event.kind) {
    case 'extend':
      return work.state === 'held'
        ? unlabelled({ ...work, sinceMs: nowMs, untilMs: nowMs + event.leaseMs })
        : undefined;
    case 'complete':
      if (work.state === 'done') return unlabelled(work);
      return work.state === 'held'
        ? { work: { ...work, state: 'done' }, add: ['read'], remove: ['unread', 'processing'] }
        : undefined;
    case 'release':
      if (work.state === 'held') return givenBack(work, event, nowMs);
      // The answer to the first one may not have arrived.
      return work.state === 'done' ? undefined : unlabelled(work);
  }
}

/** What failed is taken again only when somebody has taken its label off, which the store looks at: then its attempts are counted anew. */
function isTakeable({ state }: Work): boolean {
  return state === 'free' || state === 'done' || state === 'failed';
}

function taken(work: Work | undefined, event: Extract<WorkEvent, { kind: 'claim' }>, nowMs: number): WorkStep {
  const { lease, worker, newKey, leaseMs } = event;
  const workKey = work === undefined || work.state === 'done' ? newKey : work.workKey;
  const attempts = work?.state === 'free' ? work.attempts + 1 : 1;
  const times = { sinceMs: nowMs, untilMs: nowMs + leaseMs };
  return { work: { state: 'held', lease, worker, attempts, workKey, ...times }, add: ['processing'], remove: [] };
}

function givenBack(
  work: Work,
  { delayMs, counts }: Pick<Extract<WorkEvent, { kind: 'release' }>, 'delayMs' | 'counts'>,
  nowMs: number,
): WorkStep {
  const times = { sinceMs: nowMs, untilMs: nowMs + delayMs };
  if (!counts) return step({ ...work, ...times, state: 'free', attempts: work.attempts - 1 });
  if (work.attempts >= ATTEMPTS_MAX) return step({ ...work, ...times, state: 'failed' });
  return step({ ...work, ...times, state: delayMs > 0 ? 'waiting' : 'free' });
}

function step(work: Work): WorkStep {
  return { work, add: work.state === 'failed' ? ['failed'] : [], remove: ['processing'] };
}

/** What time has made of it. A clock that was set back would let a lease last as much longer: its time begins anew instead. */
function settle(work: Work, nowMs: number): WorkStep {
  const { state, sinceMs, untilMs } = work;
  if (state !== 'held' && state !== 'waiting') return unlabelled(work);
  if (nowMs < sinceMs) return unlabelled({ ...work, sinceMs: nowMs, untilMs: nowMs + untilMs - sinceMs });
  if (nowMs < untilMs) return unlabelled(work);
  if (state === 'waiting') return unlabelled({ ...work, state: 'free' });
  return givenBack({ ...work, lease: undefined }, { delayMs: 0, counts: true }, nowMs);
}

function unlabelled(work: Work): WorkStep {
  return { work, add: [], remove: [] };
}
