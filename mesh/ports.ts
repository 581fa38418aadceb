// What the mesh asks of the world. Nothing in mesh/ touches a socket, a file, the clock or chance itself: each function is handed the ports it
// needs, so that a seeded simulation can run the very code that runs in production.
// The ports do not promise that a message arrives, that it arrives once, or that the clocks of two hosts agree.
import type { HostId } from './names.ts';

/** Two clocks, and the only way to wait. */
export interface Clock {
  /** Milliseconds since 1970, UTC. May step backwards, so it serves only what people read and what hosts must compare. */
  wallMs(): number;
  /** Milliseconds since some fixed moment. Never steps back, so it serves every duration and deadline. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects: ask the signal which of both it was. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Chance, or in tests a seed. */
export interface Random {
  /** A number in [0, 1), for jitter. Not for secrets. */
  next(): number;
  /** `count` unpredictable bytes, for ids, nonces and secrets. */
  bytes(count: number): Uint8Array;
}

/**
 * What a question is about. Each lane has connections and places of its own towards each peer, so that many look-ups keep no claim and no
 * greeting waiting.
 */
export type PeerLane = 'claims' | 'greetings' | 'look-ups' | 'indexes' | 'feeds';

/** A question to a peer. */
export interface PeerRequest {
  readonly to: HostId;
  readonly lane: PeerLane;
  readonly method: 'GET' | 'POST';
  /** Path with query, as it is signed: begins with `/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: no body. */
  readonly body?: unknown;
  /** Milliseconds for the connection, the headers and the whole body together. */
  readonly answerMsMax: number;
  /** Octets of an answer's body; a longer answer is given up. */
  readonly answerBytesMax: number;
  /**
   * `required`: an answer that the peer's key did not sign is refused (claims, hello).
   * `known-key`: an unsigned answer is taken as long as no key of that peer is known, for hosts that only serve the look-up sign nothing.
   * Where the operators share a secret, it is taken only of a peer that hosts.json declares `"legacy": true`.
   */
  readonly answerSignature: 'required' | 'known-key';
  /** The peer is asked now and then only: no connection is kept for the next question to it. */
  readonly isSeldom?: boolean;
}

/** One member of a JSON object. */
export type JsonMember = readonly [name: string, value: unknown];

/** What a peer answered, its signature verified as the question asked for. */
export interface PeerAnswer {
  readonly status: number;
  /** The parsed JSON body; `undefined` when the body was empty. */
  readonly body: unknown;
  /** In place of `body`: the members of a large JSON map, which was read in turns so that nothing else waited for it. */
  readonly members?: readonly JsonMember[];
  /** The answer's ETag, if any; a later question may name it in `If-None-Match`. */
  readonly etag?: string;
}

/** The network, as the mesh sees it. */
export interface PeerTransport {
  /**
   * Asks a peer and resolves with its answer, whatever the status. `signal` gives the question up early. Rejects with a `MeshError` of code
   * - `peer_silent`: no connection, or no complete answer in time;
   * - `peer_unintelligible`: no JSON, too large, or a redirect;
   * - `peer_untrusted`: the signature is missing, wrong, or by another key than the pinned one;
   * - `peer_refused`: the peer did not believe that this host asked; `extra.reason` says why.
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
   * Resolves when these writes, all of them together, survive a power cut. Commits are applied in the order of the calls. An empty list
   * resolves when every earlier commit is durable. Rejects when the disk fails; every later commit rejects then, too.
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** Told when memory is not what it must be (invariant.ts): every commit rejects from then on, and the node stops with `reason`. */
  fail(reason: Error): void;
}
