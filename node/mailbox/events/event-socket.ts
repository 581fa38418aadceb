// One client's socket: what it subscribed to, and its way through the events. The next page is read when the one before has left this process,
// so a client that reads slowly lags, and one that does not read at all is told to come again.
import { type RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import { MAILBOX_EVENTS } from '../../changes/change-log.ts';
import type { Caller } from '../api-key.ts';
import { MailboxError, mailboxAnswer, mailboxErrorOf, noSuch } from '../errors.ts';
import { type EventReference, type EventType, isOfMail, toHear } from '../event.ts';
import { missingPermission } from '../http/gate.ts';
import { allows } from '../permission.ts';
import { holdsInbox, type Scope } from '../scope.ts';
import type { EventFrame, EventPages } from './event-pages.ts';

/** Codes of RFC 6455 §7.4.1 and its registry. */
export const RESTARTING = 1012;
const TRY_AGAIN = 1013;
/** Milliseconds for a page, about 1 MiB, to leave this process. */
const FLUSH_MS_MAX = 30_000;
const NAMES_MAX = 100;
const PODS_MAX = 10;

const names = z.array(z.string().max(320)).max(NAMES_MAX);
const subscribe = z.strictObject({
  type: z.literal('subscribe'),
  event_types: z.array(z.enum(MAILBOX_EVENTS)).max(NAMES_MAX).optional(),
  inbox_ids: names.optional(),
  pod_ids: names.max(PODS_MAX).optional(),
});
type Subscribe = z.infer<typeof subscribe>;

export interface EventSocketParts {
  readonly socket: WebSocket;
  readonly caller: Caller;
  readonly pages: Pick<EventPages, 'after'>;
  /** The newest event. */
  readonly lastRow: () => Promise<number>;
  /** The event after which it wants to hear what it has missed, by its id. */
  readonly since: string | undefined;
  readonly referenceOf: (eventId: string) => Promise<EventReference | undefined>;
  /** The inbox that a text means, if it is within a scope. Throws `not_found`, `misdirected`. */
  readonly inboxOf: (text: string, scope: Scope) => Promise<string>;
  readonly podOf: (text: string) => Promise<string | undefined>;
  readonly clock: Clock;
}

/** What is wanted; absent: all, but for quarantine. */
interface Wish {
  readonly types: ReadonlySet<string> | undefined;
  /** What is of either is wanted, and where neither is named, all. */
  readonly inboxIds: ReadonlySet<string> | undefined;
  readonly podIds: ReadonlySet<string> | undefined;
}

export class EventSocket {
  readonly #parts: EventSocketParts;
  #wish: Wish | undefined;
  #row: number | undefined;
  #isTelling = false;
  #isBehind = false;
  /** One subscription after the other. */
  #turn = Promise.resolve();

  constructor(parts: EventSocketParts) {
    this.#parts = parts;
    const { socket } = parts;
    socket.on('message', (data, isBinary) => {
      this.#turn = this.#turn.then(() => this.#hear(data, isBinary));
    });
    // A broken frame, or a connection that is lost: `close` follows.
    socket.on('error', () => undefined);
  }

  /** There may be new events. */
  poke(): void {
    this.#isBehind = true;
    if (!this.#isTelling) void this.#tell();
  }

  async #hear(data: RawData, isBinary: boolean): Promise<void> {
    try {
      const wished = await this.#subscribe(isBinary ? undefined : String(data));
      this.#say({ ...wished, type: 'subscribed' });
      this.poke();
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      const { name } = (await mailboxAnswer(expected).json()) as { name: string };
      this.#say({ type: 'error', name, message: expected.message });
    }
  }

  async #subscribe(text: string | undefined): Promise<Subscribe> {
    const wished = subscribe.safeParse(jsonIn(text));
    if (!wished.success) throw new MailboxError('validation_error', formFault(wished.error));
    const { event_types, inbox_ids, pod_ids } = wished.data;
    const { caller, inboxOf, lastRow } = this.#parts;
    const missing = event_types?.flatMap(toHear).find((permission) => !allows(caller.permissions, permission));
    if (missing !== undefined) throw missingPermission(missing);
    const inboxIds = inbox_ids && (await Promise.all(inbox_ids.map((text) => inboxOf(text, caller))));
    const podIds = pod_ids && (await Promise.all(pod_ids.map((text) => this.#podOf(text))));
    this.#row ??= (await this.#missedRow()) ?? (await lastRow());
    this.#wish = {
      types: event_types && new Set(event_types),
      ...{ inboxIds: inboxIds && new Set(inboxIds), podIds: podIds && new Set(podIds) },
    };
    return wished.data;
  }

  /** The pod of an inbox is above its key. */
  async #podOf(text: string): Promise<string> {
    const { caller, podOf } = this.#parts;
    const podId = caller.inboxId === undefined ? await podOf(text) : undefined;
    if (podId === undefined || (caller.podId ?? podId) !== podId) throw noSuch('pod');
    return podId;
  }

  /** The row after which it goes on. Throws `not_found`: what it has missed is kept no more. */
  async #missedRow(): Promise<number | undefined> {
    const { since, referenceOf } = this.#parts;
    if (since === undefined) return undefined;
    const event = await referenceOf(since);
    if (event !== undefined && this.#mayHaveHeard(event)) return event.row;
    throw new MailboxError(
      'not_found',
      `There is no event '${since.slice(0, 100)}' any more: connect without 'since'.`,
    );
  }

  async #tell(): Promise<void> {
    const { socket, pages } = this.#parts;
    this.#isTelling = true;
    try {
      while (this.#isBehind && this.#row !== undefined && socket.readyState === WebSocket.OPEN) {
        this.#isBehind = false;
        const page = await pages.after(this.#row);
        this.#row = page.at(-1)?.row ?? this.#row;
        if (page.length > 0) this.#isBehind = true;
        if (!(await this.#flush(page.filter((event) => this.#wants(event))))) break;
      }
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      // The mailbox is out of order: the client comes again, and asks for what it has missed.
      socket.close(TRY_AGAIN, 'The mailbox is out of order.');
    } finally {
      this.#isTelling = false;
    }
  }

  /** Whether the key may know of an event. Of an inbox that is gone nobody knows the pod any more: who heard of it goes on behind it. */
  #mayHaveHeard(event: EventReference): boolean {
    const { type, podId = isOfMail(event) ? this.#parts.caller.podId : undefined } = event;
    return this.#mayHear(type, { podId, inboxId: isOfMail(event) ? event.inboxId : undefined });
  }

  /** What is about no inbox is above the key of one. */
  #mayHear(type: EventType, { podId = '', inboxId = '' }: Scope): boolean {
    const { caller } = this.#parts;
    return holdsInbox(caller, { podId, inboxId }) && toHear(type).every((one) => allows(caller.permissions, one));
  }

  #wants({ type, inboxId = '', podId = '' }: EventFrame): boolean {
    const { types, inboxIds, podIds } = this.#wish ?? {};
    if (!this.#mayHear(type, { podId, inboxId })) return false;
    const isNamed = inboxIds?.has(inboxId) === true || podIds?.has(podId) === true;
    if ((inboxIds !== undefined || podIds !== undefined) && !isNamed) return false;
    return types?.has(type) ?? !type.startsWith('message.received.');
  }

  /** False: the client does not read. */
  async #flush(frames: readonly EventFrame[]): Promise<boolean> {
    const { socket, clock } = this.#parts;
    if (frames.length === 0) return true;
    const flushed = Promise.withResolvers<boolean>();
    for (const [at, { text }] of frames.entries())
      socket.send(text, at < frames.length - 1 ? undefined : () => flushed.resolve(true));
    const isFlushed = afterMs(clock, FLUSH_MS_MAX, () => flushed.resolve(false));
    const hasLeft = await flushed.promise;
    isFlushed();
    // Where the client does not take even this, the library ends the connection 30 s later.
    if (!hasLeft) socket.close(TRY_AGAIN, 'The client does not read.');
    return hasLeft;
  }

  #say(frame: object): void {
    if (this.#parts.socket.readyState === WebSocket.OPEN) this.#parts.socket.send(JSON.stringify(frame));
  }
}

function jsonIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // The schema says what would be right.
    return undefined;
  }
}

function formFault({ issues }: z.ZodError): string {
  const [issue] = issues;
  const where = issue === undefined || issue.path.length === 0 ? 'The frame' : `'${issue.path.join('.')}'`;
  return `${where} is wrong: right would be {"type": "subscribe", "event_types": ["message.received"], "inbox_ids": ["a@x.com"]}, both lists optional.`;
}
