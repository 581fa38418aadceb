import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { damaged, explain, explainInUse } from '../../../node/store/refusals.ts';

const sqlite = (errcode: number) => Object.assign(new Error('as SQLite says'), { code: 'ERR_SQLITE_ERROR', errcode });
const file = (code: string) => Object.assign(new Error(code), { code, path: '/data/mesh.lock' });

describe('an error of the disk', () => {
  it.each([
    ['SQLITE_CORRUPT', sqlite(11), /mesh\.sqlite is damaged.*start with an empty one/],
    [
      'SQLITE_CORRUPT_VTAB, an extended code',
      sqlite(11 | (1 << 8)),
      /mesh\.sqlite is damaged.*start with an empty one/,
    ],
    ['SQLITE_NOTADB', sqlite(26), /mesh\.sqlite is damaged.*start with an empty one/],
    ['SQLITE_FULL', sqlite(13), /disk that holds mesh\.sqlite is full.*Free some space/],
    ['SQLITE_IOERR_FSYNC', sqlite(1034), /could not read or write mesh\.sqlite.*Check whether the disk is full/],
    ['SQLITE_READONLY', sqlite(8), /may not write mesh\.sqlite.*permissions/],
    ['SQLITE_CANTOPEN', sqlite(14), /may not write mesh\.sqlite.*permissions/],
    ['SQLITE_NOMEM', sqlite(7), /could not use mesh\.sqlite: as SQLite says/],
    ['EACCES', file('EACCES'), /may not write \/data\/mesh\.lock \(EACCES\).*permissions/],
    ['EROFS', file('EROFS'), /may not write \/data\/mesh\.lock/],
    ['ENOSPC', file('ENOSPC'), /disk that holds \/data\/mesh\.lock is full/],
    ['ENOTDIR', file('ENOTDIR'), /can't be made at \/data\/mesh\.lock/],
    ['EIO', file('EIO'), /could not read or write \/data\/mesh\.lock \(EIO\).*start the node again/],
    ['EFBIG', file('EFBIG'), /could not read or write \/data\/mesh\.lock \(EFBIG\).*quota/],
    ['EMFILE', file('EMFILE'), /could not use \/data\/mesh\.lock: EMFILE/],
  ])('%s becomes a sentence that names the file and what to do', (_name, error, sentence) => {
    const refusal = explain(error, 'mesh.sqlite');
    expect(refusal).toMatchObject({ code: 'store_failed', cause: error, message: expect.stringMatching(sentence) });
  });

  it('names the file alone where a client may read it', () => {
    const error = file('ENOSPC');
    const refusal = explainInUse(error, 'mesh.commit-log-1');
    expect(refusal).toMatchObject({ code: 'store_failed', cause: error });
    expect(refusal.message).toMatch(/^The disk that holds mesh\.commit-log-1 is full/);
    expect(explainInUse(refusal, 'other')).toBe(refusal);
  });

  it('that is a sentence already stays as it is', () => {
    const refusal = damaged('mesh.sqlite', 'it is missing');
    expect(explain(refusal, 'other')).toBe(refusal);
    expect(refusal).toBeInstanceOf(MeshError);
  });
});
