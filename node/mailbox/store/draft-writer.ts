// What is asked of drafts, each in a transaction of its own; large files are kept before it, and those that nobody needs go after it.
import type { BegunSending, ChangedDraft, CreatedDraft, DraftWrites, DueDrafts, NewDraftFile } from '../draft.ts';
import type { Answers } from '../questions.ts';
import type { DraftRows } from './draft-rows.ts';
import type { Erasure } from './erasure.ts';
import type { GroupCommit } from './group-commit.ts';
import type { RawFiles } from './raw-files.ts';

export interface DraftWriterParts {
  readonly group: GroupCommit;
  readonly erasure: Pick<Erasure, 'erase'>;
  readonly rows: DraftRows;
  readonly files: Pick<RawFiles, 'keep' | 'settle'>;
  /** Whether some row names a file. */
  readonly names: (digest: string) => boolean;
  /** Takes away files that nobody needs, and what the files of the database have of erased rows. */
  readonly forget: (digests: readonly string[]) => void;
}

export class DraftWriter implements Answers<DraftWrites> {
  readonly #parts: DraftWriterParts;

  constructor(parts: DraftWriterParts) {
    this.#parts = parts;
  }

  createDraft(draft: Parameters<DraftWrites['createDraft']>[0]): Promise<CreatedDraft> {
    return this.#withFiles(draft.files, () => this.#parts.group.run(() => this.#parts.rows.create(draft)));
  }

  async changeDraft(change: Parameters<DraftWrites['changeDraft']>[0]): Promise<ChangedDraft> {
    const { erasure, rows, forget } = this.#parts;
    const write = () => erasure.erase(() => rows.change(change), isErasing);
    const isErasing = ({ changed }: ReturnType<DraftRows['change']>) => changed.outcome === 'done' && erases(change);
    const written = await this.#withFiles(change.addFiles, write);
    if (isErasing(written)) forget(written.files);
    return written.changed;
  }

  async removeDraft(meant: Parameters<DraftWrites['removeDraft']>[0]): Promise<ReturnType<DraftWrites['removeDraft']>> {
    const { erasure, rows, forget } = this.#parts;
    const { outcome, files } = await erasure.erase(
      () => rows.remove(meant),
      (removed) => removed.outcome === 'done',
    );
    if (outcome === 'done') forget(files);
    return outcome;
  }

  beginSendingDraft(meant: Parameters<DraftWrites['beginSendingDraft']>[0]): Promise<BegunSending> {
    return this.#parts.group.run(() => this.#parts.rows.beginSending(meant));
  }

  endSendingDraft(ended: Parameters<DraftWrites['endSendingDraft']>[0]): Promise<boolean> {
    return this.#parts.group.run(() => this.#parts.rows.endSending(ended));
  }

  dueDrafts(question: Parameters<DraftWrites['dueDrafts']>[0]): Promise<DueDrafts> {
    return this.#parts.group.run(() => this.#parts.rows.due(question));
  }

  /** A file survives a power cut before a row names it, and goes when none does after all. */
  async #withFiles<Result>(files: readonly NewDraftFile[], work: () => Promise<Result>): Promise<Result> {
    const kept: string[] = [];
    try {
      for (const { octets, digest } of files) {
        if (octets instanceof Uint8Array) continue;
        await this.#parts.files.keep(octets.path, digest);
        kept.push(digest);
      }
      return await work();
    } finally {
      for (const digest of kept) this.#parts.files.settle(digest, this.#parts.names(digest));
    }
  }
}

/** Whether something that was said is said no more. */
function erases({ words, removeFiles }: Parameters<DraftWrites['changeDraft']>[0]): boolean {
  return removeFiles.length > 0 || Object.values(words).some((one) => one !== undefined);
}
