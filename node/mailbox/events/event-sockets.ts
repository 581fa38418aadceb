// The sockets at `/v0`, by which clients hear of events as they happen. A library speaks the protocol (RFC 6455): `ws`, which AgentMail's own
// client is made with.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { Caller } from '../api-key.ts';
import { MailboxError, mailboxAnswer, mailboxErrorOf } from '../errors.ts';
import { missingPermission } from '../http/gate.ts';
import type { Admission } from '../org/admission.ts';
import type { KeyRates } from '../org/key-rates.ts';
import { allows } from '../permission.ts';
import type { Scope } from '../scope.ts';
import type { EventNews } from './event-news.ts';
import { EventSocket, type EventSocketParts, RESTARTING } from './event-socket.ts';

/** Sockets of one host, and of one key. */
const SOCKETS_MAX = 1_000;
export const KEY_SOCKETS_MAX = 100;
/** Octets of one frame of a client. */
const FRAME_BYTES_MAX = 64 * 1024;
/** Milliseconds between two pings; a client that has not answered one by the next is gone. */
const PING_MS = 30_000;
/** Milliseconds that a client has to end its side, and that a refusal has to be read. */
const CLOSE_MS_MAX = 1_000;
/** The key opens nothing any more (RFC 6455 §7.4.1: a policy is violated). */
const POLICY = 1008;

export interface EventSocketsParts
  extends Pick<EventSocketParts, 'pages' | 'lastRow' | 'referenceOf' | 'inboxOf' | 'podOf'> {
  readonly admission: Pick<Admission, 'admitText'>;
  readonly rates: Pick<KeyRates, 'count'>;
  readonly news: Pick<EventNews, 'hear'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Open {
  readonly socket: WebSocket;
  readonly teller: EventSocket;
  readonly caller: Caller;
  readonly key: string;
  hasAnswered: boolean;
}

export class EventSockets {
  readonly #parts: EventSocketsParts;
  readonly #server = new WebSocketServer({
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: FRAME_BYTES_MAX },
  });
  readonly #open = new Set<Open>();
  #isStopping = false;

  constructor(parts: EventSocketsParts) {
    this.#parts = parts;
  }

  /** Whether a request asks for a socket. */
  isOffer({ method, url = '', headers }: IncomingMessage): boolean {
    return method === 'GET' && /^\/v0(?:\?|$)/.test(url) && headers.upgrade?.toLowerCase() === 'websocket';
  }

  /** Takes a connection over, or answers why not and ends it. */
  async accept(incoming: IncomingMessage, connection: Socket, head: Uint8Array): Promise<void> {
    const asked = new URL(incoming.url ?? '', 'http://localhost').searchParams;
    try {
      const key = keyOf(incoming, asked);
      const caller = await this.#admit(key);
      this.#server.handleUpgrade(incoming, connection, Buffer.from(head), (socket) =>
        this.#begin({ socket, caller, key }, asked.get('since') ?? undefined),
      );
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      await this.#refuse(connection, expected);
    }
  }

  /** Pings until `signal` aborts, and then lets the clients know that the node comes back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, news } = this.#parts;
    const deaf = news.hear(() => {
      for (const { teller } of this.#open) teller.poke();
    });
    while (!signal.aborted) {
      await clock.sleep(PING_MS, signal);
      if (!signal.aborted) await Promise.all([...this.#open].map((one) => this.#ping(one)));
    }
    deaf();
    this.#isStopping = true;
    for (const { socket } of this.#open) socket.close(RESTARTING, 'The node is stopping.');
    if (this.#open.size > 0) await clock.sleep(CLOSE_MS_MAX);
    for (const { socket } of this.#open) socket.terminate();
  }

  /** The key opens nothing any more, or other things than before: who comes again is let in by what it opens then. */
  endOf(keyId: string, isGone: boolean): void {
    for (const { socket, caller } of this.#open) {
      if (caller.keyId !== keyId) continue;
      if (isGone) socket.close(POLICY, 'The API key opens nothing any more.');
      else socket.close(RESTARTING, 'What the API key opens has changed.');
    }
  }

  /** A pod or an inbox is gone, and its keys with it. */
  endWithin({ podId, inboxId }: Scope): void {
    for (const { socket, caller } of this.#open) {
      const isOf = inboxId === undefined ? caller.podId === podId : caller.inboxId === inboxId;
      if (isOf) socket.close(POLICY, 'The API key opens nothing any more.');
    }
  }

  async #admit(key: string): Promise<Caller> {
    const { admission, rates } = this.#parts;
    const caller = await admission.admitText(key);
    rates.count(caller.keyId);
    if (!allows(caller.permissions, 'message_read')) throw missingPermission('message_read');
    const ofKey = [...this.#open].filter((one) => one.caller.keyId === caller.keyId).length;
    if (this.#isStopping) throw new MailboxError('service_unavailable', 'The node is stopping.');
    if (this.#open.size >= SOCKETS_MAX)
      throw new MailboxError('service_unavailable', `This host keeps at most ${SOCKETS_MAX} sockets.`);
    if (ofKey < KEY_SOCKETS_MAX) return caller;
    const message = `A key may have ${KEY_SOCKETS_MAX} sockets: close one that is not needed.`;
    throw new MailboxError('rate_limit_exceeded', message, { retryAfterSeconds: 1 });
  }

  #begin({ socket, caller, key }: Pick<Open, 'socket' | 'caller' | 'key'>, since: string | undefined): void {
    const teller = new EventSocket({ ...this.#parts, socket, caller, since });
    const one: Open = { socket, teller, caller, key, hasAnswered: true };
    this.#open.add(one);
    socket.on('pong', () => {
      one.hasAnswered = true;
    });
    socket.on('close', () => this.#open.delete(one));
  }

  /** Ends a socket whose client is gone, or whose key is. */
  async #ping(one: Open): Promise<void> {
    const { admission, log } = this.#parts;
    if (!one.hasAnswered) return one.socket.terminate();
    one.hasAnswered = false;
    one.socket.ping();
    try {
      await admission.admitText(one.key);
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      if (expected.code === 'unknown_api_key') one.socket.close(POLICY, 'The API key opens nothing any more.');
      else log.warn('mailbox.socket_unasked', { message: expected.message });
    }
  }

  async #refuse(connection: Socket, refusal: MailboxError): Promise<void> {
    const answer = mailboxAnswer(refusal);
    const body = Buffer.from(await answer.arrayBuffer());
    const fields = [...answer.headers, ['content-length', String(body.length)], ['connection', 'close']];
    const lines = [`HTTP/1.1 ${answer.status} Refused`, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''];
    if (connection.writable) connection.end(Buffer.concat([Buffer.from(lines.join('\r\n')), body]));
    connection.resume();
    connection.once(
      'close',
      afterMs(this.#parts.clock, CLOSE_MS_MAX, () => connection.destroy()),
    );
  }
}

/** The key that is shown. Throws `missing_authorization`. */
function keyOf({ headers }: IncomingMessage, asked: URLSearchParams): string {
  const key = asked.get('api_key') ?? /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (key !== undefined) return key;
  throw new MailboxError('missing_authorization', 'The request shows no API key, neither as api_key nor as a header.');
}
