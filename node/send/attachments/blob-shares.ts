// Who may still bring attachments that no mail needs yet. They are bounded in octets and in number, for each is a file; and by
// client, so that whoever uploads without end takes only its own share. A share is given back when a mail needs the blob, or
// when it is removed. After a restart nobody knows who brought what: then it counts as nobody's.
import { MeshError } from '../../../mesh/errors.ts';

/** Blobs that no mail names: how many, and how many octets, in all and of one client. */
export const BLOBS_UNUSED_MAX = 2_000;
export const BLOBS_UNUSED_CLIENT_MAX = 1_000;
export const BLOBS_UNUSED_BYTES_MAX = 2_048 * 1_024 * 1_024;
export const BLOBS_UNUSED_CLIENT_BYTES_MAX = 1_024 * 1_024 * 1_024;
/** An uploaded blob waits this long for its message. */
export const BLOB_UNUSED_MS_MAX = 24 * 60 * 60 * 1_000;

interface Share {
  count: number;
  bytes: number;
}

export class BlobShares {
  readonly #byClient = new Map<string, Share>();
  readonly #all: Share = { count: 0, bytes: 0 };
  readonly #unused = new Map<string, { readonly client: string; readonly bytes: number }>();

  /** For one more file, or more octets of one. Throws `store_full`. */
  reserve(client: string, { count, bytes }: Readonly<Share>): void {
    const own = this.#byClient.get(client) ?? { count: 0, bytes: 0 };
    const isOwnFull = own.count + count > BLOBS_UNUSED_CLIENT_MAX || own.bytes + bytes > BLOBS_UNUSED_CLIENT_BYTES_MAX;
    if (isOwnFull) throw full('You have', own, 'the most of one client');
    if (this.#all.count + count > BLOBS_UNUSED_MAX || this.#all.bytes + bytes > BLOBS_UNUSED_BYTES_MAX)
      throw full('All clients together have', this.#all, 'the most of this host');
    this.#add(client, count, bytes);
  }

  giveBack(client: string, { count, bytes }: Readonly<Share>): void {
    this.#add(client, -count, -bytes);
  }

  /** What was taken for it stays so until it is needed, or gone. */
  keep(blob: string, client: string, bytes: number): void {
    this.#unused.set(blob, { client, bytes });
  }

  /** Counts a blob that was there already, when the node started or since its mail needs it no more. */
  found(blob: string, bytes: number): void {
    if (this.#unused.has(blob)) return;
    this.#unused.set(blob, { client: '', bytes });
    this.#add('', 1, bytes);
  }

  /** A mail needs it, or it is gone. */
  settle(blob: string): void {
    const unused = this.#unused.get(blob);
    if (unused === undefined) return;
    this.#unused.delete(blob);
    this.#add(unused.client, -1, -unused.bytes);
  }

  /** Counts of blobs that no mail needs, those on their way in included. */
  get total(): Readonly<Share> {
    return this.#all;
  }

  #add(client: string, count: number, bytes: number): void {
    const own = this.#byClient.get(client) ?? { count: 0, bytes: 0 };
    own.count += count;
    own.bytes += bytes;
    if (own.count === 0 && own.bytes === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, own);
    this.#all.count += count;
    this.#all.bytes += bytes;
  }
}

function full(who: string, { count, bytes }: Share, whose: string): MeshError {
  return new MeshError(
    'store_full',
    `${who} ${count} attachments of ${bytes} octets here that no mail names yet, ${whose}. Send them; one that is not sent goes ${BLOB_UNUSED_MS_MAX / 3_600_000} hours after it was last wanted.`,
  );
}
