// Keyv's storage adapter over the store's worker. It keeps Keyv's contract with three restrictions. `setMany` is one transaction, in which
// an entry without a value removes its key, because Keyv has no batch of writes and removals. Nothing expires, because Keyv would judge
// expiry by the wall clock, which may step back. `clear` is refused. Beyond the contract, `page` reads records in key order, `noteLog`
// says how far the database has come, and `migrate` gives it the newest form.
import { type KeyvStorageAdapter, type KeyvStorageEntry, type KeyvValue, keyvStorageCapability } from 'keyv';
import type { RecordText } from './record.ts';
import type { Slice } from './slice.ts';
import type { PageQuestion, RecordThread } from './store-thread.ts';

type Methods =
  | 'get'
  | 'getMany'
  | 'set'
  | 'setMany'
  | 'delete'
  | 'deleteMany'
  | 'has'
  | 'hasMany'
  | 'clear'
  | 'disconnect';

/** Keyv's envelope around a JSON text, which Keyv hands over and gets back while its serialization is off. */
type Envelope = KeyvValue<string>;

export class SqliteKeyvAdapter implements Pick<KeyvStorageAdapter, Methods | 'capabilities'> {
  readonly #thread: RecordThread;

  constructor(thread: RecordThread) {
    this.#thread = thread;
  }

  /** Says that this adapter is written for Keyv 6; otherwise Keyv would wrap it in a bridge for older ones. */
  get capabilities() {
    return keyvStorageCapability(this);
  }

  async get<Value>(key: string): Promise<KeyvValue<Value> | undefined> {
    const [found] = await this.getMany<Value>([key]);
    return found;
  }

  async getMany<Value>(keys: string[]): Promise<(KeyvValue<Value> | undefined)[]> {
    const texts = await this.#thread.ask({ kind: 'read', keys });
    return texts.map((text) => (text === null ? undefined : { value: text as Value }));
  }

  async set(key: string, value: unknown, expires?: number): Promise<boolean> {
    const [isSet] = await this.setMany([{ key, value, ...(expires === undefined ? {} : { expires }) }]);
    return isSet === true;
  }

  async setMany<Value>(entries: KeyvStorageEntry<Value>[]): Promise<boolean[]> {
    const records = entries.flatMap(({ key, value, expires }) => {
      if (expires !== undefined)
        throw new TypeError(`'${key}' was to expire: this store keeps a record until it is removed.`);
      return [key, (value as Envelope).value ?? null];
    });
    await this.#thread.ask({ kind: 'write', records });
    return entries.map(() => true);
  }

  async delete(key: string): Promise<boolean> {
    const [isDeleted] = await this.deleteMany([key]);
    return isDeleted === true;
  }

  async deleteMany(keys: string[]): Promise<boolean[]> {
    const wereThere = await this.hasMany(keys);
    await this.#thread.ask({ kind: 'write', records: keys.flatMap((key) => [key, null]) });
    return wereThere;
  }

  async has(key: string): Promise<boolean> {
    const [isThere] = await this.hasMany([key]);
    return isThere === true;
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    const texts = await this.#thread.ask({ kind: 'read', keys });
    return texts.map((text) => text !== null);
  }

  clear(): Promise<void> {
    return Promise.reject(new TypeError('This store is not a cache: it does not forget everything at once.'));
  }

  disconnect(): Promise<void> {
    return this.#thread.close();
  }

  /** Up to `limit` records whose key begins with `prefix` and is greater than `after`. */
  async page(question: PageQuestion): Promise<Slice> {
    const texts = await this.#thread.ask({ kind: 'page', ...question });
    const records: RecordText[] = [];
    for (let at = 0; at < texts.length; at += 2)
      records.push({ key: texts[at] ?? '', text: texts[at + 1] ?? undefined });
    return { records, isWhole: records.length < question.limit };
  }

  /** Gives the database the newest form, if it has another. */
  async migrate(): Promise<void> {
    await this.#thread.ask({ kind: 'migrate' });
  }

  /** Notes what the database knows of the commit log before it. */
  async noteLog(log: string): Promise<void> {
    await this.#thread.ask({ kind: 'noteLog', log });
  }
}
