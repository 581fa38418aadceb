// What is kept of an attempt that ended.
import type { Outcome } from '../schedule/outcome.ts';
import type { KeptAttempt } from '../webhook-records.ts';

export function keptOf(
  outcome: Outcome,
  { attempt, nowMs }: { readonly attempt: number; readonly nowMs: number },
): KeptAttempt {
  const { tookMs } = outcome;
  const came = outcome.kind === 'answered' ? { status: outcome.status } : { error: outcome.error };
  return { attempt, atMs: nowMs - tookMs, tookMs, ...came };
}
