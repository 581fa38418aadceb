// How many questions may be on their way around the mesh at once, in all and for one client: what one of them asks must not keep the
// others, or the claims, waiting. Joining a question that is under way needs no room.
import { MeshError } from '../errors.ts';

/** Fan-outs under way at once on one node, and of one client; above it the node answers 429. */
export const QUESTIONS_IN_HAND_MAX = 256;
export const QUESTIONS_OF_CLIENT_MAX = 64;

/** Places for questions under way. `client`: a text that stands for one client. */
export class QuestionRoom {
  readonly #ofClient = new Map<string, number>();
  #inHand = 0;

  /** Throws `rate_limited`; what it returns gives the place back. */
  enter(client: string): () => void {
    const own = this.#ofClient.get(client) ?? 0;
    if (own >= QUESTIONS_OF_CLIENT_MAX) throw full(`One client may have ${own} questions to the mesh under way`);
    if (this.#inHand >= QUESTIONS_IN_HAND_MAX)
      throw full(`This host may have ${this.#inHand} questions to its peers under way`);
    this.#inHand += 1;
    this.#ofClient.set(client, own + 1);
    return () => this.#leave(client);
  }

  #leave(client: string): void {
    this.#inHand -= 1;
    const left = (this.#ofClient.get(client) ?? 1) - 1;
    if (left > 0) this.#ofClient.set(client, left);
    else this.#ofClient.delete(client);
  }
}

function full(what: string): MeshError {
  return new MeshError('rate_limited', `${what}, and has them. Try again shortly.`, { retryAfterSeconds: 1 });
}
