// What this host answers to those who follow it: its own entries after a place, as soon as there are some, and its agents as of one place for
// whoever is behind what the log keeps. Only what is durable is told.

import { MeshError } from '../../mesh/errors.ts';
import { AnswerRoom } from '../../mesh/feed/answer-room.ts';
import { nextChain } from '../../mesh/feed/chain.ts';
import { isSignedBy, type SignedHead, type Standing, signHead } from '../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../mesh/feed/limits.ts';
import type {
  FeedAnswer,
  FeedQuestion,
  SnapshotAgent,
  SnapshotAnswer,
  SnapshotQuestion,
} from '../../mesh/feed/messages.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { type PublicKey, parsePublicKey, type Signer } from '../../mesh/signature/ed25519.ts';
import { type FeedLog, feedEntryOf } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import { waitForNews } from './news-wait.ts';

/** A snapshot that nobody asks on for is dropped. */
export const SNAPSHOT_KEPT_MS = 60_000;
export const SNAPSHOTS_MAX = 16;
/** Between two logs that a host begins because its log is told as ended. */
export const BEGUN_ANEW_MS_MIN = 30_000;

const SNAPSHOT_ID_BYTES = 16;

export interface FeedServerOptions {
  readonly hostId: HostId;
  readonly log: Log;
  readonly changes: FeedLog;
  /** The agents as they are at the log's own head. */
  readonly agents: () => readonly SnapshotSource[];
  /** Changes with this host's email index: its ETag. */
  readonly index: () => string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
}

/** An agent of this host, of which a page is made when it is asked for. */
interface SnapshotSource {
  read(): SnapshotAgent;
}

interface Snapshot {
  readonly head: SignedHead;
  readonly agents: readonly SnapshotSource[];
  usedMs: number;
  /** Whether somebody has all of it. */
  isReadOut: boolean;
}

export class FeedServer {
  readonly #options: FeedServerOptions;
  readonly #own: PublicKey | undefined;
  readonly #snapshots = new Map<string, Snapshot>();
  #named: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #begunMs = -Infinity;
  /** The newest statement: all who follow closely are told the same one. */
  #head: SignedHead | undefined;

  constructor(options: FeedServerOptions) {
    this.#options = options;
    this.#own = parsePublicKey(options.signer.publicKey);
  }

  /** Waits until there is something new, `waitMs` at most, or until `signal` aborts. Rejects with `store_failed`. */
  async answer(question: FeedQuestion, signal: AbortSignal): Promise<FeedAnswer> {
    const { changes, clock } = this.#options;
    await this.ready();
    if (question.seen !== undefined) await this.#compare(question.seen);
    if (question.ended === changes.logId) await this.#beginAnew();
    if (question.logId !== changes.logId) return { kind: 'gone', logId: changes.logId };
    const isNew = () => changes.ownHead.n > question.after || changes.logId !== question.logId;
    if (changes.ownHead.n === question.after && question.waitMs > 0)
      await waitForNews({ changes, clock, waitMs: question.waitMs, isNew }, signal);
    await this.#renewing;
    if (question.logId !== changes.logId) return { kind: 'gone', logId: changes.logId };
    const entries = await changes.own(question.after, FEED_ITEMS_MAX);
    if (entries === undefined) return { kind: 'gone', logId: changes.logId };
    const told = fitting(entries, feedEntryOf);
    const last = entries[told.length - 1];
    const head = this.#signed(last === undefined ? changes.ownHead : { ...last.place, ...last });
    const end = { kind: 'chunk', entries: told, head } as const;
    return head.n < changes.ownHead.n ? { ...end, more: true } : { ...end, more: false, index: this.#options.index() };
  }

  /** Resolves once this host's log may be told of: nobody is told of one that a power cut may take back. Rejects with `store_failed`. */
  async ready(): Promise<void> {
    this.#named ??= this.#options.changes.saveEnd();
    await this.#named;
    await this.#renewing;
  }

  /** Where the own log stands. */
  get head(): SignedHead {
    return this.#signed(this.#options.changes.ownHead);
  }

  /**
   * A page of the agents. The first page makes the snapshot; the others are asked for by its name. Throws `overloaded` while as many are
   * read as may be.
   */
  snapshot({ snapshot: name, from }: SnapshotQuestion): SnapshotAnswer {
    this.#dropOld();
    const id = name ?? this.#snapshotOfNow();
    const found = this.#snapshots.get(id);
    if (found === undefined) return { kind: 'gone' };
    found.usedMs = this.#options.clock.monotonicMs();
    const page = fitting(found.agents.slice(from, from + FEED_ITEMS_MAX), (agent) => agent.read());
    const more = from + page.length < found.agents.length;
    if (!more) found.isReadOut = true;
    return { kind: 'page', snapshot: id, agents: page, head: found.head, more };
  }

  /** Whoever asks at one place is given one snapshot. */
  #snapshotOfNow(): string {
    const { changes, agents, random } = this.#options;
    const newId = Buffer.from(random.bytes(SNAPSHOT_ID_BYTES)).toString('hex');
    const head = this.#signed(changes.ownHead);
    for (const [id, known] of this.#snapshots) if (known.head.signature === head.signature) return id;
    if (this.#snapshots.size >= SNAPSHOTS_MAX) {
      const [spare] = [...this.#snapshots].find(([, { isReadOut }]) => isReadOut) ?? [];
      if (spare === undefined)
        throw new MeshError('overloaded', 'Too many hosts read snapshots of this one at once. Ask again later.');
      this.#snapshots.delete(spare);
    }
    this.#snapshots.set(newId, { head, agents: agents(), usedMs: 0, isReadOut: false });
    return newId;
  }

  /** A statement of this host itself that its log does not bear out: the data was copied or set back, and others know more of it. */
  async #compare(seen: SignedHead): Promise<void> {
    const { changes, hostId } = this.#options;
    if (seen.hostId !== hostId || seen.logId !== changes.logId) return;
    if (this.#own === undefined || !isSignedBy(seen, this.#own)) return;
    if ((await this.#bearsOut(seen)) !== false) return;
    this.#renewing ??= this.#renew({ n: seen.n });
    await this.#renewing;
  }

  /**
   * This host was gone, or has its old data again after a disk was lost; and its log is told as ended. What is told of the same places once more
   * would be taken for a repeat. Seldom, whoever asks for it: all followers take a snapshot then.
   */
  async #beginAnew(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#begunMs < BEGUN_ANEW_MS_MIN) return;
    this.#begunMs = nowMs;
    this.#renewing ??= this.#renew({ why: 'told as ended' });
    await this.#renewing;
  }

  async #renew(fields: Readonly<Record<string, unknown>>): Promise<void> {
    const { changes, log } = this.#options;
    log.warn('feed.log_renewed', { logId: changes.logId, ...fields, ownN: changes.ownHead.n });
    await changes.renew();
    this.#renewing = undefined;
  }

  /** Whether the log goes on from what the statement says; `undefined` where nothing is kept any more that could tell. */
  async #bearsOut({ n, chain }: SignedHead): Promise<boolean | undefined> {
    const { changes } = this.#options;
    if (n > changes.ownHead.n) return false;
    if (n === changes.ownHead.n) return chain === changes.ownHead.chain;
    // The entry behind it is kept longer than its own, and asked for by whoever stands there.
    const [next] = (await changes.own(n, 1)) ?? [];
    return next && nextChain(chain, feedEntryOf(next)) === next.chain;
  }

  #signed({ logId, n, chain, digest }: Standing): SignedHead {
    const { hostId, signer, clock } = this.#options;
    const known = this.#head;
    if (known?.logId === logId && known.n === n) return known;
    const at = new Date(clock.wallMs()).toISOString();
    const head = signHead({ hostId, logId, n, chain, digest, at }, signer);
    if (known === undefined || known.logId !== logId || known.n < n) this.#head = head;
    return head;
  }

  #dropOld(): void {
    const oldestMs = this.#options.clock.monotonicMs() - SNAPSHOT_KEPT_MS;
    for (const [id, { usedMs }] of this.#snapshots) if (usedMs < oldestMs) this.#snapshots.delete(id);
  }
}

/** The first items, as many as one answer may have; at least one, if there is one. */
function fitting<Item, Told>(items: readonly Item[], tell: (item: Item) => Told): readonly Told[] {
  const told: Told[] = [];
  const room = new AnswerRoom();
  for (const item of items) {
    const one = tell(item);
    const hasRoom = room.takes(one);
    if (hasRoom || told.length === 0) told.push(one);
    if (!hasRoom) break;
  }
  return told;
}
