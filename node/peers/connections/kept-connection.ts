// A question over a connection that was kept from an earlier one. The machine of the peer may have lost its power since, or this machine may
// be in another network: the connection is dead then, and nothing shows it. So a question that gets no answer over a kept connection is asked
// over a new one as well, within the same deadline. Only for questions that may come twice, as greetings may.
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { withinMs } from '../../../mesh/time/deadline.ts';

/** A greeting that has no answer over a kept connection after this long is sent over a new one too: half of the time that its answer has. */
export const KEPT_ANSWER_MS_MAX = 1_000;

export interface KeptQuestion<Answer> {
  readonly clock: Clock;
  /** Asks once; gives up when the signal aborts. */
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** From then on, connections are made anew. */
  readonly renew: () => void;
}

/** A reason of its own spares the making of a DOMException for every question. */
const DONE = Symbol('done');

/** The answer that comes first; rejects as the question over the new connection does. `deadline`: aborts both. */
export async function askOverKept<Answer>(
  { clock, ask, renew }: KeptQuestion<Answer>,
  deadline: AbortSignal,
): Promise<Answer> {
  const over = new AbortController();
  const end = () => over.abort(deadline.reason);
  deadline.addEventListener('abort', end, { once: true });
  try {
    const kept = ask(over.signal);
    const isBroken = kept.then(() => false, isSilence);
    if (!(await withinMs(clock, KEPT_ANSWER_MS_MAX, isBroken, true))) return await kept;
    renew();
    const afresh = ask(over.signal);
    // Both failed: that the kept connection did says nothing about the peer.
    return await Promise.any([kept, afresh]).catch(() => afresh);
  } finally {
    deadline.removeEventListener('abort', end);
    over.abort(DONE);
  }
}

/** Anything else is an answer, or of this host's own making. */
function isSilence(error: unknown): boolean {
  return error instanceof MeshError && error.code === 'peer_silent';
}
