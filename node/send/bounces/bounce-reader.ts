// Reads bounces on a thread of its own, one after the other and each for a bounded time: the parser of mail is at the mercy
// of who wrote the mail (a header of 2 MB, a hundred thousand parts), and whatever else the node has to do goes on meanwhile.
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { KeyedLock } from '../../../mesh/time/keyed-lock.ts';
import type { BounceReport } from './bounce-report.ts';

/** Reading one, on a thread beside the node, and how many wait for their turn. Those of servers take milliseconds. */
export const BOUNCE_READ_MS_MAX = 5 * 1_000;
const BOUNCE_HEAP_MIB_MAX = 64;
/** Bounces that wait to be read; one more is refused. */
export const BOUNCES_WAITING_MAX = 32;

/** What the thread answers with. */
export interface BounceRead {
  readonly report: BounceReport | undefined;
}

export interface BounceReaderOptions {
  readonly clock: Clock;
  /** Starts the thread that reads one bounce. Tests hand in another one. */
  readonly start?: (raw: Uint8Array) => Worker;
}

const RETRY_AFTER_SECONDS = 5;
/** There is one thread to read with. */
const THREAD = 'thread';

export class BounceReader {
  readonly #clock: Clock;
  readonly #start: (raw: Uint8Array) => Worker;
  readonly #lock: KeyedLock;

  constructor({ clock, start = startWorker }: BounceReaderOptions) {
    this.#clock = clock;
    this.#lock = new KeyedLock({ clock, refusal: tooManyWait, waitersMax: BOUNCES_WAITING_MAX });
    this.#start = start;
  }

  /** `undefined` when it is no delivery status notification. Throws `invalid_request` when reading it takes too much, `overloaded`. */
  read(raw: Uint8Array): Promise<BounceReport | undefined> {
    return this.#lock.run(THREAD, () => this.#read(raw));
  }

  async #read(raw: Uint8Array): Promise<BounceReport | undefined> {
    const done = new AbortController();
    const worker = this.#start(raw);
    const late = this.#clock.sleep(BOUNCE_READ_MS_MAX, done.signal).then((): 'late' => 'late');
    const read = once(worker, 'message', { signal: done.signal }).then(([value]) => value as BounceRead);
    try {
      const first = await Promise.race([read, late]);
      if (first === 'late') throw tooMuch(`${BOUNCE_READ_MS_MAX / 1_000} s`);
      return first.report;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
      throw tooMuch(`${BOUNCE_HEAP_MIB_MAX} MiB of memory`);
    } finally {
      done.abort();
      // Nobody waits for this promise after a time-out, so its rejection is handled here.
      read.catch(() => undefined);
      await worker.terminate();
    }
  }
}

function tooManyWait(): MeshError {
  const message = `${BOUNCES_WAITING_MAX} bounces wait to be read already. Post this one again later.`;
  return new MeshError('overloaded', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function startWorker(raw: Uint8Array): Worker {
  return new Worker(new URL(`./bounce-worker${extname(import.meta.filename)}`, import.meta.url), {
    workerData: raw,
    name: 'bounce',
    resourceLimits: { maxOldGenerationSizeMb: BOUNCE_HEAP_MIB_MAX },
  });
}

function tooMuch(bound: string): MeshError {
  return new MeshError(
    'invalid_request',
    `The bounce could not be read within ${bound}; one of a mail server takes far less. Nothing was changed.`,
  );
}
