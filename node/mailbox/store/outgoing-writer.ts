// What is asked of the mails on their way out, each in a transaction of its own.

import type { ReceivedMail } from '../message.ts';
import type {
  BegunOutgoing,
  FinishedOutgoing,
  KnownOutgoing,
  LeftOutgoing,
  OutgoingDraft,
  SentIds,
} from '../outgoing-mail.ts';
import type { GroupCommit } from './group-commit.ts';
import type { FinishedRows, OutgoingRows, WaitingMail } from './outgoing-rows.ts';
import type { RawFiles } from './raw-files.ts';

export interface OutgoingWriterParts {
  readonly group: GroupCommit;
  readonly rows: OutgoingRows;
  readonly files: Pick<RawFiles, 'settle' | 'remove'>;
  /** Told of inboxes in which a worker may find a mail now, once that is durable. */
  readonly freed: (inboxIds: readonly string[]) => void;
  /** Whether some row names a raw mail. */
  readonly names: (digest: string) => boolean;
}

export class OutgoingWriter {
  readonly #parts: OutgoingWriterParts;

  constructor(parts: OutgoingWriterParts) {
    this.#parts = parts;
  }

  /** A mail whose octets are in a file has that file kept before. */
  async begin(draft: Omit<OutgoingDraft, 'octets'>, mail: WaitingMail): Promise<BegunOutgoing> {
    const { group, rows, files, names } = this.#parts;
    const { digest, content } = mail.raw;
    try {
      return await group.run(() => rows.begin(draft, mail));
    } finally {
      if (content === undefined) await files.settle(digest, names(digest));
    }
  }

  find(keyHash: string): KnownOutgoing | undefined {
    return this.#parts.rows.find(keyHash);
  }

  waits(id: string): boolean {
    return this.#parts.rows.waits(id);
  }

  left(): readonly LeftOutgoing[] {
    return this.#parts.rows.left();
  }

  open(inboxId: string): readonly string[] {
    return this.#parts.rows.open(inboxId);
  }

  async finish(finished: FinishedOutgoing): Promise<SentIds | undefined> {
    const { group, rows } = this.#parts;
    const done = await group.run(() => rows.finish(finished));
    this.tell(done);
    return done.sent;
  }

  /** To be called with a mail that has come in, within the transaction that keeps it and before that is done. */
  finishEchoed({ content: { headerId }, receivedAtMs }: ReceivedMail): FinishedRows | undefined {
    return this.#parts.rows.finishEchoed(headerId, receivedAtMs);
  }

  /** To be called once that is durable. */
  tell({ inboxIds, files }: FinishedRows): void {
    if (inboxIds.length > 0) this.#parts.freed(inboxIds);
    this.#remove(files);
  }

  async drop(id: string): Promise<void> {
    const { group, rows } = this.#parts;
    this.#remove(await group.run(() => rows.drop(id)));
  }

  #remove(digests: readonly string[]): void {
    for (const digest of digests) if (!this.#parts.names(digest)) this.#parts.files.remove(digest);
  }
}
