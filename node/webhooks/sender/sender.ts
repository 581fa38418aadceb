// The port that makes attempts. `http-sender.ts` implements it over the network.
import type { Outcome } from '../schedule/outcome.ts';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Sender {
  /** One POST, bounded in time and size. Never rejects for anything the network or the receiver does. `signal` cuts it off. */
  post(post: Post, signal: AbortSignal): Promise<Outcome>;
}
