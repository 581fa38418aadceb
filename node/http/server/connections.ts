// What a connection may cost the others. Its requests are answered one after the other, so that pipelined ones hold one answer in
// memory, not hundreds; an answer must be taken within a time that grows with its size; what can't be read is refused in its turn, and the
// connection is gone a moment later, whether the client closes its side or not; and nobody has all places.
// It does not bound how long a handler works: that is the handler's.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import { addressGroup } from '../address-group.ts';
import { rawErrorResponse } from '../errors.ts';
import { LoopTurns, turnsOfMs } from './loop-turns.ts';

export interface ConnectionBounds {
  /** Open at once; above it the longest idle one makes room. */
  readonly connectionsMax: number;
  /** Connections open at once from one address (IPv6: one network of 64 bits), so that one machine can't take every place. */
  readonly perAddressMax: number;
  /** Requests that wait behind the one in hand. */
  readonly pipelinedMax: number;
  /** An answer must be taken within this long, … */
  readonly takeMsMax: number;
  /** … and as much longer as its size takes at this rate. */
  readonly takeBytesPerMsMin: number;
  /** Octets of answers that are not taken yet, of all connections together; above it the longest untaken one is given up. */
  readonly untakenBytesMax: number;
  /** How long a connection is kept after its last answer, for the client to read it and close. */
  readonly lingerMs: number;
}

export const CONNECTION_BOUNDS: ConnectionBounds = {
  connectionsMax: 10_000,
  perAddressMax: 4_000,
  pipelinedMax: 64,
  takeMsMax: 20_000,
  takeBytesPerMsMin: 256,
  untakenBytesMax: 256 * 1_024 * 1_024,
  lingerMs: 1_000,
};

/** How long answers are made in one turn of the event loop. */
const TURN_MS_MAX = 10;
/** How often it is looked whether an answer was not taken in time. */
const SWEEPS_PER_TAKE = 10;

export interface ConnectionsOptions {
  readonly bounds: ConnectionBounds;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** `client`: the network that the connection is from. */
  readonly answer: (incoming: IncomingMessage, outgoing: ServerResponse, client: string) => void;
}

class Connection {
  readonly socket: Socket;
  readonly group: string;
  inHand: Exchange | undefined;
  waiting: Exchange[] = [];
  /** Answered before its body was here, which comes next. */
  unread: IncomingMessage | undefined;
  /** Whether it is a peer's channel: not closed to make room for others. */
  isKept = false;
  /** The refusal that is said last: nothing of this connection is read any more. */
  refusal: MeshError | undefined;
  untaken: { readonly bytes: number; readonly untilMs: number } | undefined;
  /** What hears of each of its answers: made once, not with each request. */
  readonly handedOver: () => void;
  readonly answered: () => void;

  constructor(
    socket: Socket,
    handedOver: (connection: Connection) => void,
    answered: (connection: Connection) => void,
  ) {
    this.socket = socket;
    this.group = addressGroup(socket.remoteAddress);
    this.handedOver = () => handedOver(this);
    this.answered = () => answered(this);
  }
}

export class Connections {
  readonly #bounds: ConnectionBounds;
  readonly #open = new Map<Socket, Connection>();
  readonly #groups = new Map<string, Set<Connection>>();
  /** Connections whose answer is not taken yet, the longest first. */
  readonly #untaken = new Set<Connection>();
  #untakenBytes = 0;
  readonly #turns = new LoopTurns({ budget: turnsOfMs(TURN_MS_MAX) });
  /** Calls off the next look; `undefined`: every answer is taken. */
  #callOffSweep: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #isStopping: () => boolean;

  /** `isStopping`: a connection ends when what it has asked for is answered. */
  constructor({ bounds, clock, isStopping }: ConnectionsOptions) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#isStopping = isStopping;
  }

  opened(socket: Socket): void {
    const connection = new Connection(
      socket,
      (of) => this.#handedOver(of),
      (of) => this.#answered(of),
    );
    const group = this.#groups.get(connection.group) ?? new Set();
    const { connectionsMax, perAddressMax } = this.#bounds;
    const hasRoom =
      (group.size < perAddressMax || closeIdle(group)) &&
      (this.#open.size < connectionsMax || closeIdle(this.#open.values()));
    if (!hasRoom) {
      socket.destroy();
      return;
    }
    this.#open.set(socket, connection);
    this.#groups.set(connection.group, group.add(connection));
    socket.once('close', () => this.#closed(connection));
  }

  /** The connection speaks no HTTP any more, and is bounded by who took it over. */
  keep(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection !== undefined) connection.isKept = true;
  }

  /** Answers the request when those before it are answered. */
  enqueue(exchange: Exchange): void {
    const connection = this.#open.get(exchange.incoming.socket);
    if (connection === undefined || connection.refusal !== undefined) return;
    if (connection.inHand === undefined) this.#begin(connection, exchange);
    else if (connection.waiting.length < this.#bounds.pipelinedMax) connection.waiting.push(exchange);
    else {
      readNoMore(connection.socket);
      const message = `More than ${this.#bounds.pipelinedMax} requests of this connection wait for their turn. Send the rest once those are answered.`;
      this.#refuse(connection, new MeshError('rate_limited', message, { retryAfterSeconds: 1 }));
    }
  }

  /** What came last on this connection is no request that could be answered: says so after the answers before it, and closes. */
  refuse(socket: Socket, error: MeshError): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) socket.destroy();
    else if (connection.refusal === undefined) this.#refuse(connection, error);
  }

  #refuse(connection: Connection, error: MeshError): void {
    connection.refusal = error;
    const { inHand, waiting, unread, socket } = connection;
    // A request whose body did not arrive whole is the one that is refused, unless it has been answered.
    if (waiting.at(-1)?.incoming.complete === false) waiting.pop();
    else if (inHand?.incoming.complete === false) {
      if (inHand.outgoing.headersSent) this.#linger(socket);
      else this.#end(connection, error);
      return;
    } else if (inHand === undefined && unread?.complete === false) {
      socket.end();
      this.#linger(socket);
      return;
    }
    if (connection.inHand === undefined) this.#end(connection, error);
  }

  #begin(connection: Connection, exchange: Exchange): void {
    const { incoming, outgoing } = exchange;
    connection.inHand = exchange;
    outgoing.on('prefinish', connection.handedOver);
    outgoing.on('close', connection.answered);
    this.#turns.begin(() => {
      if (!connection.socket.destroyed) exchange.answer(incoming, outgoing, connection.group);
    });
  }

  /** The whole answer is with the socket; what the system did not take at once is ours until the client reads. */
  #handedOver(connection: Connection): void {
    const bytes = connection.socket.writableLength;
    if (bytes === 0) return;
    const { takeMsMax, takeBytesPerMsMin, untakenBytesMax } = this.#bounds;
    connection.untaken = { bytes, untilMs: this.#clock.monotonicMs() + takeMsMax + bytes / takeBytesPerMsMin };
    this.#untaken.add(connection);
    this.#untakenBytes += bytes;
    for (const other of this.#untaken) {
      if (this.#untakenBytes <= untakenBytesMax || other === connection) break;
      this.#give(other);
    }
    if (this.#callOffSweep === undefined) this.#sweepLater();
  }

  #answered(connection: Connection): void {
    const incoming = connection.inHand?.incoming;
    const isUnread = incoming !== undefined && hasUnreadBody(incoming);
    connection.unread = incoming?.complete === false ? incoming : undefined;
    this.#taken(connection);
    connection.inHand = undefined;
    if (!connection.socket.writable) {
      readNoMore(connection.socket);
      return;
    }
    if (isUnread) {
      readNoMore(connection.socket);
      connection.socket.end();
      this.#linger(connection.socket);
      return;
    }
    const next = connection.waiting.shift();
    if (next !== undefined) this.#begin(connection, next);
    else if (connection.refusal !== undefined) this.#end(connection, connection.refusal);
    else if (this.#isStopping()) {
      connection.socket.end();
      this.#linger(connection.socket);
    }
  }

  #end({ socket }: Connection, error: MeshError): void {
    if (socket.writable) socket.end(rawErrorResponse(error));
    this.#linger(socket);
  }

  /**
   * Closing at once, with octets unread, would take the answer away from the client (RFC 9112 section 9.6). What it goes on sending is
   * let go by, unless it is to be read no more.
   */
  #linger(socket: Socket): void {
    socket.resume();
    socket.once(
      'close',
      afterMs(this.#clock, this.#bounds.lingerMs, () => socket.destroy()),
    );
  }

  /** Again and again, as long as an answer is not taken. */
  #sweepLater(): void {
    this.#callOffSweep = afterMs(this.#clock, this.#bounds.takeMsMax / SWEEPS_PER_TAKE, () => {
      this.#sweep();
      if (this.#untaken.size > 0) this.#sweepLater();
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const connection of this.#untaken) if ((connection.untaken?.untilMs ?? 0) < nowMs) this.#give(connection);
  }

  #give(connection: Connection): void {
    this.#taken(connection);
    connection.socket.destroy();
  }

  #taken(connection: Connection): void {
    if (connection.untaken === undefined) return;
    this.#untakenBytes -= connection.untaken.bytes;
    connection.untaken = undefined;
    this.#untaken.delete(connection);
    if (this.#untaken.size > 0) return;
    this.#callOffSweep?.();
    this.#callOffSweep = undefined;
  }

  #closed(connection: Connection): void {
    this.#taken(connection);
    connection.waiting = [];
    this.#open.delete(connection.socket);
    const group = this.#groups.get(connection.group);
    group?.delete(connection);
    if (group?.size === 0) this.#groups.delete(connection.group);
  }
}

/**
 * Has Node read no more of a connection of which nothing more is answered: Node would keep each request that it made of what still comes
 * until the connection is closed, and then end each by an error of its own. Node resumes a paused connection after every message, so the
 * connection's own `resume` is taken from it.
 */
function readNoMore(socket: Socket): void {
  socket.pause();
  socket.resume = () => socket;
}

/** Whether a body is left that nobody reads: of a method that has none. What others leave is read for a moment by the listener. */
function hasUnreadBody({ method, complete }: IncomingMessage): boolean {
  return !complete && (method === 'GET' || method === 'HEAD');
}

/** The longest open one that has no request in hand; `false` when there is none. */
function closeIdle(connections: Iterable<Connection>): boolean {
  for (const { inHand, isKept, socket } of connections) {
    if (inHand !== undefined || isKept || socket.destroyed) continue;
    socket.destroy();
    return true;
  }
  return false;
}
