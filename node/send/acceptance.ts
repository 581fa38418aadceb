// A message at the moment of its acceptance: what the queue is handed, and the course it begins with.
import type { AgentId } from '../../mesh/names.ts';
import type { Idempotency } from './idempotency.ts';
import type { Message, MessageContent, Recipient } from './message.ts';

export interface Acceptance {
  /** What it will be called by; made by the caller, like its Message-ID. */
  readonly id: string;
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly content: MessageContent;
  readonly recipients: readonly Recipient[];
  readonly sendAtMs: number | undefined;
  readonly lifetimeMs: number | undefined;
  readonly idempotency: Idempotency | undefined;
  /** Whether the caller waits: over its rate it is told so at once, instead of waiting for an hour. */
  readonly wait: boolean;
}

/** `number`: its position among this host's messages; `nowMs`: the wall clock. */
export function draftOf(acceptance: Acceptance, number: number, nowMs: number, defaultLifetimeMs: number): Message {
  const { id, agentId, agentName, content, recipients, sendAtMs, lifetimeMs = defaultLifetimeMs } = acceptance;
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
