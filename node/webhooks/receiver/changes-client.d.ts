// The types of `agent-email-mesh/changes`.
import type { MeshEvent } from './verification.d.ts';

export interface ChangesOptions {
  /** The cursor of the last change that was taken in; absent: from now on. */
  readonly since?: string;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** What the node asks for as `Authorization: Bearer …`. */
  readonly token?: string;
  /** Changes of this host, or of every host of the mesh. */
  readonly scope?: 'host' | 'mesh';
  /** Only events of these types. */
  readonly events?: readonly MeshEvent['type'][];
  /** Only events of this agent. */
  readonly agentId?: string;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** Milliseconds; resolves early when the signal aborts. In place of a timer, for tests. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface Change {
  /** Keep it when the event is taken in, and go on with it as `since`. */
  readonly cursor: string;
  readonly event: MeshEvent;
}

/**
 * Every change that a node hears of, for as long as it is iterated.
 *
 * It connects again by itself, after 1 s at first and 30 s at last, when the node ends the answer, answers 408, 425, 429 or 5xx, or is silent
 * for 45 s, and goes on after the last event. An event may come twice: drop what you have seen by `event.id`.
 *
 * @param url The node's, like `http://127.0.0.1:23000`.
 * @throws {ChangesRefused} for any other answer. 410: the node has no changes any more from so long ago; its `body` says where to
 *   start over, after a look at the whole index.
 */
export declare function createChangesClient(
  url: string | URL,
  options?: ChangesOptions,
): AsyncGenerator<Change, void, undefined>;

/** The node will not tell changes; `message` is its sentence. */
export declare class ChangesRefused extends Error {
  readonly status: number;
  /** The JSON of its answer; `undefined` when it was none. */
  readonly body: unknown;
  constructor(status: number, body: unknown);
}
