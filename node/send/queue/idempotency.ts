// Idempotency keys: the same key with the same request is the same message, also while the first one is still being written, and
// after a restart. A key lives as long as its message waits, however long that is, and a day beyond its end.
// Step 2 of node/send/README.md, "How a message lives".
import { MeshError } from '../../../mesh/errors.ts';
import type { Write } from '../../../mesh/ports.ts';
import type { Message } from '../message.ts';
import { type IdempotencyRecord, keyHash, keyWrite } from '../message-records.ts';

/** An idempotency key is known for so long after the end of its message. */
export const IDEMPOTENCY_MS = 24 * 60 * 60 * 1_000;

/** What a request says of itself. */
export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

interface KnownKey {
  readonly emailId: string;
  readonly fingerprint: string;
  /** Resolves when the message is durable. */
  readonly message: Promise<Message>;
}

export class IdempotencyKeys {
  readonly #known = new Map<string, KnownKey>();
  /** The key's hash, by message. */
  readonly #byMessage = new Map<string, string>();
  /** Messages that are still being written. */
  readonly #pending = new Set<string>();
  /** Hashes on the disk whose messages are not there any more. */
  #left: string[] = [];

  /** The message that was made with this key; `undefined` when it is new. Throws `idempotency_mismatch`. */
  find(agentId: string, { key, fingerprint }: Idempotency): Promise<Message> | undefined {
    const known = this.#known.get(keyHash(agentId, key));
    if (known === undefined || known.fingerprint === fingerprint) return known?.message;
    const message = `The idempotency key '${key}' was used for another message. Use a new key for a new message.`;
    throw new MeshError('idempotency_mismatch', message, { field: 'idempotencyKey' });
  }

  /** Whether a key names the message. */
  names(emailId: string): boolean {
    return this.#byMessage.has(emailId);
  }

  /** What to write with the message, so that its key is known after a restart. */
  recordOf({ agentId, id }: Message, { key, fingerprint }: Idempotency): Write {
    return keyWrite(keyHash(agentId, key), { emailId: id, fingerprint });
  }

  /** From now on the key names this message; `durable`: when it is on the disk. */
  remember(message: Message, { key, fingerprint }: Idempotency, durable: Promise<void>): void {
    const { agentId, id } = message;
    this.#pending.add(id);
    const shown = durable.then(() => message).finally(() => this.#pending.delete(id));
    // The store reports its failure by itself, and whoever accepts by its own wait.
    shown.catch(() => undefined);
    this.#set(keyHash(agentId, key), { emailId: id, fingerprint, message: shown });
  }

  /** What the disk has, by the key's hash. A key whose message is not there goes at the next `trim`. */
  restore(keys: ReadonlyMap<string, IdempotencyRecord>, get: (id: string) => Message | undefined): void {
    for (const [hash, { emailId, fingerprint }] of keys) {
      const message = get(emailId);
      if (message === undefined) this.#left.push(hash);
      else this.#set(hash, { emailId, fingerprint, message: Promise.resolve(message) });
    }
  }

  /** Forgets the keys of messages that are over; returns what to write. */
  trim(isOver: (emailId: string) => boolean): readonly Write[] {
    const over = [...this.#known].filter(([, { emailId }]) => !this.#pending.has(emailId) && isOver(emailId));
    for (const [hash, { emailId }] of over) {
      this.#known.delete(hash);
      this.#byMessage.delete(emailId);
    }
    const hashes = [...this.#left.filter((hash) => !this.#known.has(hash)), ...over.map(([hash]) => hash)];
    this.#left = [];
    return hashes.map((hash) => keyWrite(hash, undefined));
  }

  /** Forgets the key of a message that goes with it; returns what to write. */
  forget(emailId: string): readonly Write[] {
    const hash = this.#byMessage.get(emailId);
    if (hash === undefined) return [];
    this.#known.delete(hash);
    this.#byMessage.delete(emailId);
    return [keyWrite(hash, undefined)];
  }

  #set(hash: string, known: KnownKey): void {
    this.#known.set(hash, known);
    this.#byMessage.set(known.emailId, hash);
  }
}
