// Writes that share one fsync. Each is a piece of work on the connection, done in the order of the calls; all that come while each turn
// of the event loop brings more are committed together. One that throws takes nothing of the others with it.
import type { Connection } from './database.ts';

/** Writes that share one fsync: some tens of milliseconds of work, which the first of them waits for. */
const GROUP_WRITES_MAX = 200;
/** Turns of the event loop that a write waits for others: those that came as it did are some steps behind. */
const TURNS_MAX = 8;

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #connection: Connection;
  readonly #committed: () => void;
  #waiting: Waiting[] = [];

  /** `committed` is called after each commit, when those who wait for it have been told. */
  constructor(connection: Connection, committed: () => void) {
    this.#connection = connection;
    this.#committed = committed;
  }

  /** Resolves with what `work` returns once that survives a power cut; rejects with what it throws, and then nothing of it is kept. */
  run<Result>(work: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.#waiting.length === 0) setImmediate(() => this.#gather(0, TURNS_MAX));
    this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
    return promise;
  }

  /** `known`: how many waited a turn ago. */
  #gather(known: number, turnsLeft: number): void {
    const waiting = this.#waiting.length;
    const isGrowing = waiting > known && waiting < GROUP_WRITES_MAX;
    if (isGrowing && turnsLeft > 1) setImmediate(() => this.#gather(waiting, turnsLeft - 1));
    else this.#flush();
  }

  #flush(): void {
    const group = this.#waiting.splice(0, GROUP_WRITES_MAX);
    if (this.#waiting.length > 0) setImmediate(() => this.#flush());
    try {
      const settle = this.#commit(group);
      for (const one of settle) one();
      this.#committed();
    } catch (error) {
      if (this.#connection.database.isTransaction) this.#connection.database.exec('ROLLBACK');
      for (const { reject } of group) reject(error);
    }
  }

  /** What is to be told of each once it is durable. */
  #commit(group: readonly Waiting[]): readonly (() => void)[] {
    const connection = this.#connection;
    connection.run('BEGIN IMMEDIATE');
    const [only] = group;
    const settle = group.length === 1 && only ? [this.#alone(only)] : group.map((one) => this.#apart(one));
    if (connection.database.isTransaction) connection.run('COMMIT');
    return settle;
  }

  #apart({ work, resolve, reject }: Waiting): () => void {
    const connection = this.#connection;
    connection.run('SAVEPOINT one');
    try {
      const result = work();
      connection.run('RELEASE one');
      return () => resolve(result);
    } catch (error) {
      // A full disk ends the whole transaction by itself.
      if (!connection.database.isTransaction) throw error;
      connection.database.exec('ROLLBACK TO one; RELEASE one');
      return () => reject(error);
    }
  }

  /**
   * Without a savepoint: all that one needs to be undone is in memory, and SQLite goes through the whole of it at the end of each statement that
   * might fail in its midst. Of work that erases hundreds of mails that was most.
   */
  #alone({ work, resolve, reject }: Waiting): () => void {
    try {
      const result = work();
      return () => resolve(result);
    } catch (error) {
      if (!this.#connection.database.isTransaction) throw error;
      this.#connection.database.exec('ROLLBACK');
      return () => reject(error);
    }
  }
}
