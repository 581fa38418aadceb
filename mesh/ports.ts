// What the mesh asks of the world. Nothing in `mesh/` touches a socket, a file, the clock or chance directly: it is handed
// these ports, so that a seeded simulation can run the very code that runs in production.
// What they do not promise: that a message arrives, that it arrives once, or that two hosts' clocks agree.
import type { HostId } from './names.ts';

export interface Clock {
  /** Milliseconds since 1970, UTC. May step backwards; only for what people read. */
  wallMs(): number;
  /** Milliseconds since some fixed moment. Never steps back; for every duration and deadline. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts (it never rejects: look at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** A number in [0, 1), for jitter. Not for secrets. */
  next(): number;
  /** `count` unpredictable bytes, for ids, nonces and secrets. */
  bytes(count: number): Uint8Array;
}

/**
 * What a question is about. Each kind has connections and places of its own towards each peer, so that look-ups, however many, do not keep
 * claims or greetings waiting.
 */
export type PeerLane = 'claims' | 'greetings' | 'look-ups' | 'indexes';

/** One thing to say to a peer. */
export interface PeerRequest {
  readonly to: HostId;
  readonly lane: PeerLane;
  readonly method: 'GET' | 'POST';
  /** Path with query, as it is signed: begins with `/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: no body. */
  readonly body?: unknown;
  /** Milliseconds for everything: connect, headers and the whole body. */
  readonly answerMsMax: number;
  /** Octets of body read before the answer is given up. */
  readonly answerBytesMax: number;
  /**
   * `required`: an answer that the peer's key did not sign is refused (claims, hello).
   * `known-key`: an unsigned one is taken only as long as no key of that peer is known (look-ups, which legacy peers answer unsigned); where
   * the operators share a secret, only of a peer that hosts.json declares legacy.
   */
  readonly answerSignature: 'required' | 'known-key';
}

/** One member of a JSON object. */
export type JsonMember = readonly [name: string, value: unknown];

export interface PeerAnswer {
  readonly status: number;
  /** The parsed JSON body; `undefined` when the body was empty. */
  readonly body: unknown;
  /** The members of a large map, which was read in turns, in the place of `body`. */
  readonly members?: readonly JsonMember[];
  /** Its ETag, when it had one: what a later `If-None-Match` may name. */
  readonly etag?: string;
}

export interface PeerTransport {
  /**
   * Asks a peer and resolves with its answer, whatever its status. Rejects with a `MeshError` of code `peer_silent` (no
   * connection, no complete answer in time), `peer_unintelligible` (not JSON, too large, redirect) or `peer_untrusted`
   * (signature missing, wrong, or by another key than the pinned one) or `peer_refused` (it did not take the question for ours, and so
   * did not answer it; `extra.reason` says why). `signal` gives the question up early.
   */
  ask(request: PeerRequest, signal?: AbortSignal): Promise<PeerAnswer>;
}

/** One record to write: a JSON value, or `undefined` to remove the key. */
export interface Write {
  readonly key: string;
  readonly value: unknown;
}

/** The part of the store that the mesh needs. */
export interface Journal {
  /**
   * Resolves when these writes, all of them together, survive a power cut; commits are applied in the order of the calls.
   * An empty list resolves when every earlier commit is durable. Rejects if that can't be done; then nothing later succeeds either.
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** What is in memory is not what it must be: nothing succeeds any more, and the node stops, saying `reason`. */
  fail(reason: Error): void;
}
