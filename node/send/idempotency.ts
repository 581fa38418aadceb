// Idempotency keys: the same key with the same request is the same message, also while the first one is still being written, and
// after a restart. Kept for a day, or as long as the message lives.
import { MeshError } from '../../mesh/errors.ts';
import type { Write } from '../../mesh/ports.ts';
import { IDEMPOTENCY_MS } from './limits.ts';
import type { Message } from './message.ts';
import { type IdempotencyRecord, keyHash, keyWrite } from './queue-records.ts';

/** What a request says of itself. */
export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

interface KnownKey {
  readonly fingerprint: string;
  readonly expiresMs: number;
  /** Resolves when the message is durable. */
  readonly message: Promise<Message>;
}

export class IdempotencyKeys {
  readonly #known = new Map<string, KnownKey>();

  /** The message that was made with this key; `undefined` when it is new. Throws `idempotency_mismatch`. */
  find(agentId: string, { key, fingerprint }: Idempotency): Promise<Message> | undefined {
    const known = this.#known.get(keyHash(agentId, key));
    if (known === undefined || known.fingerprint === fingerprint) return known?.message;
    const message = `The idempotency key '${key}' was used for another message. Use a new key for a new message.`;
    throw new MeshError('idempotency_mismatch', message, { field: 'idempotencyKey' });
  }

  /** What to write with the message, so that its key is known after a restart. */
  recordOf(message: Message, { key, fingerprint }: Idempotency, nowMs: number): Write {
    const expiresMs = Math.max(nowMs + IDEMPOTENCY_MS, message.expiresMs);
    return keyWrite(keyHash(message.agentId, key), { emailId: message.id, fingerprint, expiresMs });
  }

  /** From now on the key names this message; `durable`: when it is on the disk. */
  remember(message: Message, { key, fingerprint }: Idempotency, nowMs: number, durable: Promise<void>): void {
    const shown = durable.then(() => message);
    // The store reports its failure by itself, and whoever accepts by its own wait.
    shown.catch(() => undefined);
    const expiresMs = Math.max(nowMs + IDEMPOTENCY_MS, message.expiresMs);
    this.#known.set(keyHash(message.agentId, key), { fingerprint, expiresMs, message: shown });
  }

  restore(keys: ReadonlyMap<string, IdempotencyRecord>, get: (id: string) => Message | undefined): void {
    for (const [hash, { emailId, fingerprint, expiresMs }] of keys) {
      const message = get(emailId);
      if (message !== undefined) this.#known.set(hash, { fingerprint, expiresMs, message: Promise.resolve(message) });
    }
  }

  /** Forgets what is over; returns what to write. */
  trim(nowMs: number): readonly Write[] {
    const over = [...this.#known].filter(([, { expiresMs }]) => expiresMs <= nowMs).map(([hash]) => hash);
    for (const hash of over) this.#known.delete(hash);
    return over.map((hash) => keyWrite(hash, undefined));
  }
}
