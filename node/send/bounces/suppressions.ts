// The addresses that this host writes to no more, because they bounced for good or their owner asked for it. The list is kept in memory
// and on disk, under the folded form of each mailbox, so that another spelling does not slip through. Entries end by elapsed time:
// setting the clock ends none and lengthens none.
import { z } from 'zod';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock, Write } from '../../../mesh/ports.ts';
import { damagedRecords } from '../../store/refusals.ts';
import type { Store } from '../../store/store.ts';
import { printable } from '../header-text.ts';
import { BOUNCE_SUPPRESSION_MS } from '../limits.ts';

/** Addresses on the list. */
const SUPPRESSIONS_MAX = 100_000;

const SUPPRESSION_REASONS = ['bounce', 'opt_out', 'complaint', 'manual'] as const;

export interface Suppression {
  readonly address: string;
  readonly reason: (typeof SUPPRESSION_REASONS)[number];
  /** One printable line: the server's words, or the operator's. */
  readonly detail?: string | undefined;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Absent: for good. */
  readonly expiresAt?: string | undefined;
}

/** `POST /api/email/suppressions`. */
export const suppressionRequest = z.strictObject({
  address: z.string().max(1_024),
  reason: z.enum(SUPPRESSION_REASONS).default('manual'),
  detail: z.string().max(500).optional(),
  expiresAt: z.iso.datetime({ offset: true, error: 'must be a time like 2026-01-27T12:00:00Z' }).optional(),
});

/** At most so many ended entries are forgotten by one change. */
const FORGOTTEN_AT_ONCE_MAX = 1_000;
const PREFIX = 'send/suppression/';
const stored = z.object({
  address: z.string(),
  reason: z.enum(SUPPRESSION_REASONS),
  detail: z.string().optional(),
  since: z.string(),
  expiresAt: z.string().optional(),
});

/** `endsMs`: of the monotonic clock. */
interface Standing {
  readonly entry: Suppression;
  readonly endsMs: number;
}

export class Suppressions {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Standing>();
  /** The keys in order. Sorting a hundred thousand takes longer than anybody may wait: each is put where it belongs. */
  #sorted: string[] = [];
  /** Nothing ends before this: a full list is not looked through for each address that finds no room. */
  #endsNextMs = Number.POSITIVE_INFINITY;

  readonly #entriesMax: number;

  private constructor(store: Store, clock: Clock, entriesMax: number) {
    this.#store = store;
    this.#clock = clock;
    this.#entriesMax = entriesMax;
  }

  /** Forgets what is over. Throws `store_failed` when a stored entry can't be read. */
  static async open(store: Store, clock: Clock, entriesMax = SUPPRESSIONS_MAX): Promise<Suppressions> {
    const suppressions = new Suppressions(store, clock, entriesMax);
    for await (const page of store.load(PREFIX))
      for (const { key, value } of page) {
        const parsed = stored.safeParse(value);
        if (!parsed.success) throw damagedRecords(`The stored record '${key}' can't be read`);
        suppressions.#change([[key.slice(PREFIX.length), parsed.data]], []);
      }
    const over = suppressions.#over();
    if (over.length > 0) await store.commit(over.map(removal));
    suppressions.#change([], over);
    return suppressions;
  }

  /** Why nobody here writes to the address now; `undefined` when nothing stands against it. */
  against(address: string): Suppression | undefined {
    return this.#standing(keyOf(address));
  }

  /** The reason as a recipient's reply: one printable line. */
  reasonAgainst(address: string): string | undefined {
    const against = this.against(address);
    return against && `It is on the list of those not written to since ${against.since} (${against.reason}).`;
  }

  /** In the order of the addresses. `cursor`: of the page before. */
  list({ cursor = '', limit }: { readonly cursor?: string | undefined; readonly limit: number }) {
    const from = cursor === '' ? 0 : placeOf(this.#sorted, `${cursor}\0`);
    const keys = this.#sorted.slice(from, from + limit + 1);
    const last = keys[limit - 1];
    return {
      entries: keys.slice(0, limit).flatMap((key) => this.#standing(key) ?? []),
      ...(keys.length > limit && last !== undefined ? { nextCursor: last } : {}),
    };
  }

  /**
   * What stands against the address afterwards: the request, unless what stood before lasts as long. Durable when it resolves.
   * Throws `invalid_address`, `invalid_request`, `store_full`.
   */
  async add(request: z.output<typeof suppressionRequest>): Promise<Suppression> {
    const entry: Suppression = {
      address: checked(request.address),
      reason: request.reason,
      since: new Date(this.#clock.wallMs()).toISOString(),
      ...(request.detail === undefined ? {} : { detail: printable(request.detail) }),
      ...(request.expiresAt === undefined ? {} : { expiresAt: new Date(request.expiresAt).toISOString() }),
    };
    if (endMs(entry) <= this.#clock.wallMs())
      throw new MeshError('invalid_request', "'expiresAt' is past; give a time to come, or none for good.", {
        field: 'expiresAt',
      });
    const { writes, apply } = this.adding([entry]);
    await this.#store.commit(writes);
    apply();
    return this.against(entry.address) ?? entry;
  }

  /** Durable when it resolves. Throws `not_found`. */
  async remove(address: string): Promise<void> {
    const key = keyOf(address);
    if (!this.#byKey.has(key))
      throw new MeshError('not_found', `'${address.slice(0, 300)}' is not on the list.`, { field: 'address' });
    await this.#store.commit([removal(key)]);
    this.#change([], [key]);
  }

  /** The entry that a hard bounce makes of an address. */
  bounced(address: string, detail: string): Suppression {
    const nowMs = this.#clock.wallMs();
    return {
      address,
      reason: 'bounce',
      detail: printable(detail),
      since: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + BOUNCE_SUPPRESSION_MS).toISOString(),
    };
  }

  /**
   * For a commit that holds more: what to write, and what to call once it is durable. Whatever stands for longer, or for good, is
   * not weakened. Throws `store_full`.
   */
  adding(entries: readonly Suppression[]): { readonly writes: readonly Write[]; apply(): void } {
    const fresh = new Map<string, Suppression>();
    for (const entry of entries) {
      const key = keyOf(entry.address);
      const known = fresh.get(key) ?? this.#standing(key);
      if (known === undefined || endMs(entry) > endMs(known)) fresh.set(key, entry);
    }
    const size = this.#byKey.size + [...fresh.keys()].filter((key) => !this.#byKey.has(key)).length;
    const over =
      size > this.#entriesMax
        ? this.#over()
            .filter((key) => !fresh.has(key))
            .slice(0, FORGOTTEN_AT_ONCE_MAX)
        : [];
    if (size - over.length > this.#entriesMax)
      throw new MeshError(
        'store_full',
        `The list of suppressed addresses has ${this.#entriesMax} entries, its most. Remove some.`,
      );
    const added = [...fresh];
    return {
      writes: [...added.map(([key, entry]) => ({ key: PREFIX + key, value: entry })), ...over.map(removal)],
      apply: () => this.#change(added, over),
    };
  }

  #change(added: readonly (readonly [key: string, entry: Suppression])[], removed: readonly string[]): void {
    for (const key of removed) this.#byKey.delete(key);
    if (removed.length > 0) {
      this.#sorted = this.#sorted.filter((key) => this.#byKey.has(key));
      this.#endsNextMs = Number.POSITIVE_INFINITY;
      for (const { endsMs } of this.#byKey.values()) this.#endsNextMs = Math.min(this.#endsNextMs, endsMs);
    }
    const [nowMs, wallMs] = [this.#clock.monotonicMs(), this.#clock.wallMs()];
    for (const [key, entry] of added) {
      // An entry that begins later than now was made before the clock was set back.
      const aheadMs = Math.max(0, Date.parse(entry.since) - wallMs);
      if (!this.#byKey.has(key)) this.#sorted.splice(placeOf(this.#sorted, key), 0, key);
      const endsMs = endMs(entry) - aheadMs - wallMs + nowMs;
      this.#byKey.set(key, { entry, endsMs });
      this.#endsNextMs = Math.min(this.#endsNextMs, endsMs);
    }
  }

  #standing(key: string): Suppression | undefined {
    const standing = this.#byKey.get(key);
    return standing === undefined || this.#isOver(standing) ? undefined : standing.entry;
  }

  #over(): readonly string[] {
    if (this.#clock.monotonicMs() < this.#endsNextMs) return [];
    return [...this.#byKey].filter(([, standing]) => this.#isOver(standing)).map(([key]) => key);
  }

  #isOver({ endsMs }: Standing): boolean {
    return endsMs <= this.#clock.monotonicMs();
  }
}

/** Where a key is in a sorted list, or would be. */
function placeOf(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When the entry ends, in milliseconds since 1970; infinite for an entry that holds for good. */
function endMs({ expiresAt }: Suppression): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
}

function removal(key: string): Write {
  return { key: PREFIX + key, value: undefined };
}

function keyOf(address: string): string {
  const parsed = parseIdentityAddress(address, { allowSingleLabel: true, allowDomainLiteral: true });
  return parsed.valid ? parsed.key : address.trim().toLowerCase();
}

function checked(address: string): string {
  const parsed = parseIdentityAddress(address, { allowSingleLabel: true, allowDomainLiteral: true });
  if (parsed.valid) return address.trim();
  throw new MeshError('invalid_address', `'address' is not an email address: ${parsed.error}`, { field: 'address' });
}
