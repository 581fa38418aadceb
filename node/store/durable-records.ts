// What is durable: the records of the database, and over them those that only the commit log has. It also brings the one up to date with the other,
// a file of the log after the other and in steps, while reads go on: what is under way stays in memory until all of it is in the database.
import { Keyv } from 'keyv';
import { type DatabaseBehind, encodeKnownLog, type KnownLog } from './commits/known-log.ts';
import { SqliteKeyvAdapter } from './keyv-adapter.ts';
import type { PackedPage } from './packed-page.ts';
import type { RecordText } from './record.ts';
import type { CopyRules } from './record-copy.ts';
import { refused } from './refusals.ts';
import { layOver, type Slice } from './slice.ts';
import { PACKED_RECORDS_MAX } from './store.ts';
import type { PageQuestion, RecordThread } from './store-thread.ts';
import type { TextForm } from './text-form.ts';
import { UnappliedFiles } from './unapplied-files.ts';

/** Records that go into the database in one transaction when it is brought up to date, and what their keys and values have in UTF-16 units. */
const APPLIED_RECORDS_MAX = 2_000;
const APPLIED_CHARACTERS_MAX = 1_024 * 1_024;
const FIRST_PAGE = '1';

export class DurableRecords implements DatabaseBehind {
  readonly #thread: RecordThread;
  readonly #adapter: SqliteKeyvAdapter;
  readonly #keyv: Keyv<string>;
  readonly #failed = Promise.withResolvers<Error>();
  /** Resolves when the database is gone, or could not be brought up to date. */
  readonly failed: Promise<Error> = this.#failed.promise;
  readonly #unapplied = new UnappliedFiles();

  /** `thread` must have opened its database. */
  constructor(thread: RecordThread) {
    this.#thread = thread;
    this.#adapter = new SqliteKeyvAdapter(thread);
    // Values are JSON text already, taken when `commit` was called.
    this.#keyv = new Keyv<string>({ store: this.#adapter, serialization: false });
    void thread.lost.then((reason) => this.#failed.resolve(reason));
  }

  /** Takes records that the commit log has made durable. */
  add(records: readonly RecordText[]): void {
    for (const record of records) this.#unapplied.put(record);
  }

  /** The JSON text of a key; `undefined` when there is none. */
  async get(key: string): Promise<string | undefined> {
    const known = this.#unapplied.find(key);
    return known ? known.text : this.#keyv.get<string>(key);
  }

  /** Up to `limit` records whose key begins with `prefix` and is greater than `after`, removed ones among them. */
  async page(question: PageQuestion): Promise<Slice> {
    const { prefix, after, limit } = question;
    // Taken before the database is asked: what is applied meanwhile is missing neither here nor there.
    const newer = this.#unapplied.slices(prefix, after, limit);
    const stored = await this.#adapter.page(question);
    return newer.reduceRight((older, slice) => layOver(slice, older), stored);
  }

  /** What of these records is not, or not surely, in the database: the newest of each key, removals among them. */
  newest(prefix: string): ReadonlyMap<string, RecordText> {
    const slices = this.#unapplied.slices(prefix, '', Infinity).flatMap(({ records }) => records);
    return new Map(slices.map((record) => [record.key, record]));
  }

  /** Every record of the database whose key begins with `prefix`, whatever is newer; without a form as it is. The next page is read while one is used. */
  async *packedPages(prefix: string, form?: TextForm, limit = PACKED_RECORDS_MAX): AsyncIterable<PackedPage> {
    const ask = (after: string) => this.#thread.pack({ prefix, after, limit, form });
    for (let next: Promise<PackedPage> | undefined = ask(''); next !== undefined; ) {
      const page: PackedPage = await next;
      next = page.last === undefined ? undefined : ask(page.last);
      // A reader that leaves half-way never waits for this page, so its failure is handled here. The thread's loss is told of by itself.
      next?.catch(() => {});
      yield page;
    }
  }

  /** Copies everything that was added before this call, and nothing that comes later. */
  async copy(rules: CopyRules): Promise<void> {
    // What is under way is partly in the database by then: taken twice, it is the same.
    const newest = [...this.#unapplied.all()].flatMap(({ key, text }) => [key, text ?? null]);
    await this.#thread.ask({ kind: 'copy', newest, rules });
  }

  /** Gives the database the newest form, in one transaction. Rejects with `store_failed`, and then it has the one it had. */
  migrate(): Promise<void> {
    return this.#adapter.migrate();
  }

  noteLog(log: KnownLog): Promise<void> {
    return this.#adapter.noteLog(encodeKnownLog(log));
  }

  get waitingBytes(): number {
    return this.#unapplied.bytes;
  }

  endFile(group: number): void {
    this.#unapplied.endFile(group);
  }

  async catchUp(log: KnownLog): Promise<void> {
    const { group } = log.applied;
    try {
      for (const underWay of this.#unapplied.endedUntil(group))
        for (const step of stepsOf(underWay.all())) await this.#store(step);
      await this.noteLog(log);
    } catch (error) {
      this.#failed.resolve(error as Error);
      throw error;
    }
    this.#unapplied.forgetUntil(group);
  }

  /** Overwrites in the database's files what it has removed and replaced, some at each step. Rejects with `store_failed`. */
  async *overwrite(): AsyncIterable<void> {
    for (let next: string | null | undefined = FIRST_PAGE; typeof next === 'string'; yield)
      [next] = await this.#thread.ask({ kind: 'overwrite', from: Number(next) });
  }

  /** Closes the database. */
  close(): Promise<void> {
    return this.#keyv.disconnect();
  }

  async #store(records: readonly RecordText[]): Promise<void> {
    const results = await this.#keyv.setMany(records.map(({ key, text }) => ({ key, value: text })));
    if (results.includes(false))
      throw refused('Keyv did not store a record and does not say why. Start the node again.');
  }
}

/** In transactions of a bounded size, unless a record is larger by itself. */
function* stepsOf(records: Iterable<RecordText>): Iterable<readonly RecordText[]> {
  let step: RecordText[] = [];
  let characters = 0;
  for (const record of records) {
    step.push(record);
    characters += record.key.length + (record.text?.length ?? 0);
    if (step.length < APPLIED_RECORDS_MAX && characters < APPLIED_CHARACTERS_MAX) continue;
    yield step;
    step = [];
    characters = 0;
  }
  if (step.length > 0) yield step;
}
