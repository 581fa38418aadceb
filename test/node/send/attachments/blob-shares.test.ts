import { describe, expect, it } from 'vitest';
import {
  BLOBS_UNUSED_BYTES_MAX,
  BLOBS_UNUSED_CLIENT_BYTES_MAX,
  BLOBS_UNUSED_CLIENT_MAX,
  BLOBS_UNUSED_MAX,
  BlobShares,
} from '../../../../node/send/attachments/blob-shares.ts';

const ONE = { count: 1, bytes: 1 };

/** Files of one octet that no mail needs. */
function bring(shares: BlobShares, client: string, count: number): void {
  for (let number = 0; number < count; number += 1) {
    shares.reserve(client, ONE);
    shares.keep(`${client}/${number}`, client, 1);
  }
}

describe('what a client may bring that no mail needs yet', () => {
  it('is bounded in number, and leaves others theirs', () => {
    const shares = new BlobShares();
    bring(shares, 'a', BLOBS_UNUSED_CLIENT_MAX);
    expect(() => shares.reserve('a', ONE)).toThrow(
      /You have 1000 attachments of 1000 octets here that no mail names yet/,
    );
    bring(shares, 'b', BLOBS_UNUSED_MAX - BLOBS_UNUSED_CLIENT_MAX);
    expect(() => shares.reserve('c', ONE)).toThrow(/All clients together/);
    expect(shares.total).toEqual({ count: BLOBS_UNUSED_MAX, bytes: BLOBS_UNUSED_MAX });
  });

  it('is bounded in octets, and leaves others theirs', () => {
    const shares = new BlobShares();
    shares.reserve('a', { count: 1, bytes: BLOBS_UNUSED_CLIENT_BYTES_MAX });
    expect(() => shares.reserve('a', { count: 0, bytes: 1 })).toThrow(expect.objectContaining({ code: 'store_full' }));
    shares.reserve('b', { count: 1, bytes: BLOBS_UNUSED_BYTES_MAX - BLOBS_UNUSED_CLIENT_BYTES_MAX });
    expect(() => shares.reserve('c', { count: 0, bytes: 1 })).toThrow(/All clients together/);
  });

  it('grows again when a mail needs it, when it is gone, and when it was not finished', () => {
    const shares = new BlobShares();
    bring(shares, 'a', BLOBS_UNUSED_CLIENT_MAX - 1);
    shares.reserve('a', ONE);
    shares.giveBack('a', ONE);
    shares.settle('a/0');
    shares.settle('a/0');
    shares.settle('unheard of');
    bring(shares, 'a', 0);
    shares.reserve('a', ONE);
    shares.reserve('a', ONE);
    expect(() => shares.reserve('a', ONE)).toThrow();
  });

  it("is nobody's when it was found, and is counted once", () => {
    const shares = new BlobShares();
    bring(shares, 'a', 1);
    shares.found('a/0', 1);
    shares.found('x', 7);
    shares.found('x', 7);
    expect(shares.total).toEqual({ count: 2, bytes: 8 });
    shares.settle('x');
    shares.settle('a/0');
    expect(shares.total).toEqual({ count: 0, bytes: 0 });
  });
});
