// A draft: what the queue is handed to accept, and the message that it begins as.
import { MeshError } from '../../../mesh/errors.ts';
import type { AgentId } from '../../../mesh/names.ts';
import type { Choice } from '../accounts/accounts.ts';
import type { Message, MessageContent, Recipient } from '../message.ts';
import type { Idempotency } from './idempotency.ts';

/** Messages that wait to be sent; the next one is answered 503. */
const QUEUE_MESSAGES_MAX = 100_000;

export interface Draft {
  /** What it will be called by; made by the caller, like its Message-ID. */
  readonly id: string;
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly content: MessageContent;
  readonly recipients: readonly Recipient[];
  readonly sendAtMs: number | undefined;
  readonly lifetimeMs: number | undefined;
  readonly idempotency: Idempotency | undefined;
  /** Milliseconds that its agent's rate or its sender's plan may make it wait; a caller who waits lets it wait none. Absent: any. */
  readonly waitMsMax?: number | undefined;
}

/** The message that a draft begins as. `number`: its position among this host's messages; `nowMs`: the wall clock. */
export function messageOf(draft: Draft, number: number, nowMs: number, defaultLifetimeMs: number): Message {
  const { id, agentId, agentName, content, recipients, sendAtMs, lifetimeMs = defaultLifetimeMs } = draft;
  const dueMs = Math.max(nowMs, sendAtMs ?? 0);
  const iso = new Date(nowMs).toISOString();
  return {
    id,
    number,
    agentId,
    agentName,
    from: content.from.address,
    subject: content.subject,
    messageId: content.messageId,
    state: 'queued',
    reason: dueMs > nowMs ? `It is sent at ${new Date(dueMs).toISOString()}.` : 'It is accepted and waits to be sent.',
    recipients,
    attempts: 0,
    deferrals: 0,
    dueMs,
    expiresMs: dueMs + lifetimeMs,
    lifetimeMs,
    blobs: [...new Set(content.attachments.map(({ blob }) => blob))],
    createdAt: iso,
    updatedAt: iso,
  };
}

/** What stands against taking it. `nowMs`: the wall clock; `waiting`: messages that wait already. */
interface Room {
  readonly nowMs: number;
  readonly waiting: number;
  readonly choice: Choice;
  readonly waitMsMax: number | undefined;
}

/** Throws `overloaded`, `rate_limited`. */
export function refuseTooMuch({ dueMs }: Message, { nowMs, waiting, choice, waitMsMax }: Room): void {
  if (waiting >= QUEUE_MESSAGES_MAX)
    throw new MeshError(
      'overloaded',
      `This host has ${QUEUE_MESSAGES_MAX} messages waiting, its most. Try again later.`,
      { retryAfterSeconds: 30 },
    );
  if (waitMsMax === undefined || dueMs > nowMs || choice.kind !== 'wait' || choice.because !== 'rate') return;
  if (choice.waitMs <= waitMsMax) return;
  const orElse = waitMsMax === 0 ? ", or send without 'wait': then the message waits here" : '';
  throw new MeshError('rate_limited', `${choice.why} Try again later${orElse}.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(choice.waitMs / 1_000)),
  });
}
