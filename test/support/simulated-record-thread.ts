// The store's database, in memory: every request is durable when it is answered, as SQLite has it. It may be long in coming.
import { MeshError } from '../../mesh/errors.ts';
import { type PackedPage, packAsIs, packPage } from '../../node/store/packed-page.ts';
import { compareKeys } from '../../node/store/record.ts';
import type { Answer, PackQuestion, RecordThread, Request } from '../../node/store/store-thread.ts';
import type { Step } from './simulated-log-disk.ts';

/** What survives everything. */
export interface SimulatedDatabase {
  readonly records: Map<string, string>;
  /** What it knows of its commit log. */
  log: string | undefined;
}

export class SimulatedRecordThread implements RecordThread {
  readonly lost = new Promise<never>(() => {});
  readonly #database: SimulatedDatabase;
  readonly #step: Step;
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: SimulatedDatabase, step: Step = async () => {}) {
    this.#database = database;
    this.#step = step;
  }

  /** One after the other, as the thread does. */
  ask(request: Request): Promise<Answer> {
    const answer = this.#last.then(async () => {
      try {
        await this.#step(`database ${request.kind}`);
      } catch (cause) {
        throw new MeshError('store_failed', `The database failed: ${(cause as Error).message}`, { cause });
      }
      const found = this.#answer(request);
      await this.#step(`database did ${request.kind}`);
      return found;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  async pack({ form, ...question }: PackQuestion): Promise<PackedPage> {
    const page = (await this.ask({ kind: 'page', ...question })) as readonly string[];
    return form === undefined ? packAsIs([page], question.prefix) : packPage([page], form);
  }

  async close(): Promise<void> {
    await this.#last;
  }

  #answer(request: Request): Answer {
    const { records } = this.#database;
    if (request.kind === 'read') return request.keys.map((key) => records.get(key) ?? null);
    if (request.kind === 'noteLog') this.#database.log = request.log;
    if (request.kind === 'write') write(records, request.records);
    if (request.kind !== 'page') return [];
    const keys = [...records.keys()].filter(
      (key) => key.startsWith(request.prefix) && compareKeys(key, request.after) > 0,
    );
    const page = keys.sort(compareKeys).slice(0, request.limit);
    return page.flatMap((key) => [key, records.get(key) ?? null]);
  }
}

function write(records: Map<string, string>, flat: Answer): void {
  for (let at = 0; at < flat.length; at += 2) {
    const [key, text] = [flat[at] ?? '', flat[at + 1] ?? null];
    if (text === null) records.delete(key);
    else records.set(key, text);
  }
}
