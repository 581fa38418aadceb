// The secrets of a subscription, and how one takes the place of another. For a while after a rotation deliveries are signed with the
// former secret as well, so that receivers may learn the new one at any moment of that time. Pure: moments come as arguments, wall clock.
import { MeshError } from '../../mesh/errors.ts';
import type { Subscription } from './webhook-records.ts';

/** How long a former secret may sign beside the new one, and how many may at once. */
export const GRACE_SECONDS_MAX = 7 * 24 * 3_600;
/** How long a former secret goes on signing beside the new one, unless the rotation says otherwise. */
export const GRACE_SECONDS = 24 * 3_600;
const FORMER_SECRETS_MAX = 3;

const GRACE_MS_MAX = GRACE_SECONDS_MAX * 1_000;

export type Secrets = Pick<Subscription, 'secret' | 'formerSecrets'>;

/** What deliveries are signed with at a moment, the newest secret first. */
export function liveSecrets({ secret, formerSecrets }: Secrets, nowMs: number): readonly [string, ...string[]] {
  return [secret, ...formerSecrets.filter(({ untilMs }) => untilMs > nowMs).map((former) => former.secret)];
}

/**
 * `secret` in the place of the present one, which lives on for `graceMs`. Without any grace all former secrets end at once: somebody
 * may have seen them. The present secret again changes nothing, so a repeated request is safe.
 * Throws `limit_exceeded` when too many former secrets are still within their grace.
 */
export function rotated(
  secrets: Secrets,
  { secret, graceMs, nowMs }: { readonly secret: string; readonly graceMs: number; readonly nowMs: number },
): Secrets {
  if (graceMs === 0) return { secret, formerSecrets: [] };
  if (secret === secrets.secret) return { secret, formerSecrets: secrets.formerSecrets };
  const living = secrets.formerSecrets.filter((former) => former.untilMs > nowMs && former.secret !== secret);
  if (living.length < FORMER_SECRETS_MAX)
    return { secret, formerSecrets: [{ secret: secrets.secret, untilMs: nowMs + graceMs }, ...living] };
  throw new MeshError(
    'limit_exceeded',
    `${FORMER_SECRETS_MAX} former secrets of this webhook are still within their grace. Rotate again when one has ended, or with "graceSeconds": 0, which ends them all.`,
    { field: 'graceSeconds' },
  );
}

/** When the next former secret must be forgotten; infinite: there is none. */
export function graceEndMs({ formerSecrets }: Secrets): number {
  return Math.min(...formerSecrets.map(({ untilMs }) => untilMs));
}

/** Whether a former secret's grace is over, or lasts longer than any can. */
export function haveAged({ formerSecrets }: Secrets, nowMs: number): boolean {
  return formerSecrets.some(({ untilMs }) => untilMs <= nowMs || untilMs > nowMs + GRACE_MS_MAX);
}

/**
 * The former secrets that live on. One that would live longer than any grace allows was kept by a clock that has been set back since,
 * and its grace ends that much sooner.
 */
export function stillLiving({ formerSecrets }: Secrets, nowMs: number): Secrets['formerSecrets'] {
  return formerSecrets
    .filter(({ untilMs }) => untilMs > nowMs)
    .map(({ secret, untilMs }) => ({ secret, untilMs: Math.min(untilMs, nowMs + GRACE_MS_MAX) }));
}
