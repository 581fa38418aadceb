// Forgets what was sent from an address: what waits is cancelled, and what a server is being told of at this moment, which can't be taken back, is
// waited for.
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { isFinal, type Message } from '../message.ts';
import type { Queue } from './queue.ts';

/** Milliseconds until it is looked again whether an attempt has ended, and how often: attempts end within half a minute. */
const LOOK_AGAIN_MS = 250;
const LOOKS_MAX = 160;

type ForgettingQueue = Pick<Queue, 'get' | 'cancel' | 'idsFrom' | 'forget'>;

/** Resolves with what was forgotten. Throws `conflict` when a message is still on its way after 40 s. */
export async function forgetFrom(address: string, queue: ForgettingQueue, clock: Clock): Promise<readonly Message[]> {
  const forgotten: Message[] = [];
  for (const id of queue.idsFrom(address)) {
    await ended(id, queue, clock);
    const message = await queue.forget(id, ({ state }) => isFinal(state));
    if (message !== undefined) forgotten.push(message);
  }
  return forgotten;
}

async function ended(id: string, queue: ForgettingQueue, clock: Clock): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const message = queue.get(id);
    if (message === undefined || isFinal(message.state)) return;
    try {
      await queue.cancel(id);
      return;
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== 'not_cancellable') throw error;
    }
    await clock.sleep(LOOK_AGAIN_MS);
  }
  throw new MeshError('conflict', `The email '${id}' is still being sent. Try again when that has ended.`);
}
