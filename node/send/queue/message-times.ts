// The times of a message under a wall clock that may be set. `dueMs` and `expiresMs` are stored and shown, so they are of that
// clock; but a retry and a life are durations. Only a time that a caller named (`sendAt`) is a time of the wall clock by nature.
import type { Message } from '../message.ts';
import { deferralDelayMsAtMost } from './deferral-delay.ts';

/** Whether it still waits for the time that its caller named: nothing was done with it since it was accepted. */
function isScheduled({ state, createdAt, updatedAt, dueMs }: Message, nowMs: number): boolean {
  return state === 'queued' && updatedAt === createdAt && dueMs > Date.parse(createdAt) && dueMs > nowMs;
}

/** After the clock was set: what waits by elapsed time moves with it. The same message when it does not. */
export function afterStep(message: Message, step: { readonly byMs: number; readonly nowMs: number }): Message {
  if (isScheduled(message, step.nowMs - step.byMs)) return message;
  return { ...message, dueMs: message.dueMs + step.byMs, expiresMs: message.expiresMs + step.byMs };
}

/** A message as it is read back: a clock that was set back meanwhile makes no retry wait longer than it can have been put off for. */
export function afterRestart(message: Message, nowMs: number): Message {
  if (isScheduled(message, nowMs)) return message;
  const waitMs = message.state === 'deferred' ? deferralDelayMsAtMost(message.deferrals) : 0;
  const dueMs = Math.min(message.dueMs, nowMs + waitMs);
  const expiresMs = Math.min(message.expiresMs, nowMs + waitMs + message.lifetimeMs);
  return { ...message, dueMs, expiresMs };
}
