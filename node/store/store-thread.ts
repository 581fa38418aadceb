// The near end of the store's worker: one message a request, one a reply, in the same order. Texts travel as one flat array
// of strings, which structured cloning copies faster than objects. A worker that ends unasked is a failure of the store.
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MeshError } from '../../mesh/errors.ts';
import type { PackedPage } from './packed-page.ts';
import { pathsIn } from './paths.ts';
import type { CopyRules } from './record-copy.ts';
import { refused } from './refusals.ts';
import type { TextForm } from './text-form.ts';

/**
 * What the thread reads and passes on is garbage at once. V8 would let 48 MB of it come together and keep as much for good: of a start with a
 * million addresses 43 MB stayed that nobody needed.
 */
const YOUNG_MB_MAX = 8;

export interface WorkerData {
  readonly directory: string;
}

export interface PageQuestion {
  readonly prefix: string;
  /** Only keys greater than this one. */
  readonly after: string;
  readonly limit: number;
}

export interface PackQuestion extends PageQuestion {
  /** Absent: every record is packed as it is, its key without `prefix`. */
  readonly form?: TextForm | undefined;
}

export type Request =
  | { readonly kind: 'write'; readonly records: Answer }
  | { readonly kind: 'read'; readonly keys: readonly string[] }
  | ({ readonly kind: 'page' } & PageQuestion)
  | ({ readonly kind: 'pack' } & PackQuestion)
  | { readonly kind: 'noteLog'; readonly log: string }
  | { readonly kind: 'copy'; readonly newest: Answer; readonly rules: CopyRules }
  | { readonly kind: 'migrate' }
  /** Answers with the page to go on with, if with any. */
  | { readonly kind: 'overwrite'; readonly from: number }
  | { readonly kind: 'close' };

/** Key, text, key, text, … (`page`, and what `write` takes), texts in the order of the keys (`read`), or nothing. `null`: no value. */
export type Answer = readonly (string | null)[];

/** A failure crosses threads in parts, because cloning would keep neither its class nor its code. */
export type Reply =
  | { readonly answer: Answer | PackedPage }
  | { readonly failure: { readonly message: string; readonly cause: unknown } };

/** What answers such requests, one after the other. */
export interface RecordThread {
  /** Rejects with `store_failed`. */
  ask(request: Exclude<Request, { readonly kind: 'pack' }>): Promise<Answer>;
  /** Reads a page whose records of a form come packed. Rejects as `ask` does. */
  pack(question: PackQuestion): Promise<PackedPage>;
  /** Lets what was asked before be answered, closes the database, and resolves when the thread is gone. */
  close(): Promise<void>;
  /** Resolves when the thread has ended without having been asked to. */
  readonly lost: Promise<MeshError>;
}

export class StoreThread implements RecordThread {
  /**
   * Resolves when the database is open, with what it knows of its commit log, if of any, and the version of its form; rejects with
   * `store_failed` and why it can't be.
   */
  readonly opened: Promise<Answer>;
  readonly lost: Promise<MeshError>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #waiting: PromiseWithResolvers<Answer | PackedPage>[] = [];
  #end: MeshError | undefined;
  #isClosing = false;

  static start(directory: string): StoreThread {
    const workerData: WorkerData = { directory };
    return new StoreThread(
      new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), {
        ...{ workerData, name: 'store' },
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
      }),
    );
  }

  /**
   * Begins before it is known whether the node will start: looking a large database over takes as long as loading the node's modules. `undefined`: there
   * is no database in the directory, and nothing was made. Whoever does not open a store with it has to `abandon` it.
   */
  static begin(directory: string): StoreThread | undefined {
    if (!existsSync(pathsIn(directory).database)) return undefined;
    const begun = StoreThread.start(directory);
    // Told to who opens the store; if nobody does, something else was wrong before.
    begun.opened.catch(() => {});
    return begun;
  }

  constructor(worker: Worker) {
    const lost = Promise.withResolvers<MeshError>();
    const exited = Promise.withResolvers<void>();
    this.#worker = worker;
    this.lost = lost.promise;
    this.#exited = exited.promise;
    this.opened = this.#expect() as Promise<Answer>;
    let cause: unknown;
    worker.on('message', (reply: Reply) => this.#settle(reply));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      this.#end = refused(
        `The store's worker thread ended by itself (exit code ${code}). Start the node again.`,
        cause,
      );
      for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#end);
      if (!this.#isClosing) lost.resolve(this.#end);
      exited.resolve();
    });
  }

  ask(request: Exclude<Request, { readonly kind: 'pack' }>): Promise<Answer> {
    return this.#send(request) as Promise<Answer>;
  }

  pack(question: PackQuestion): Promise<PackedPage> {
    return this.#send({ kind: 'pack', ...question }) as Promise<PackedPage>;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#end === undefined) await this.ask({ kind: 'close' });
    await this.#exited;
  }

  /** Ends it, whether it has opened the database or could not, and also when it has ended already. */
  async abandon(): Promise<void> {
    const isOpen = await this.opened.then(
      () => true,
      () => false,
    );
    await (isOpen ? this.close() : this.#exited);
  }

  #send(request: Request): Promise<Answer | PackedPage> {
    if (this.#end) return Promise.reject(this.#end);
    this.#worker.postMessage(request);
    return this.#expect();
  }

  #expect(): Promise<Answer | PackedPage> {
    const waiting = Promise.withResolvers<Answer | PackedPage>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.shift();
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(new MeshError('store_failed', reply.failure.message, { cause: reply.failure.cause }));
  }
}
