import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { HostsFile } from '../../../node/system/hosts-file.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testDirectory } from '../../support/test-blobs.ts';

function hostsFile(text: string | Buffer = 'first') {
  const [directory, log] = [testDirectory(), new RecordingLog()];
  const path = join(directory, 'hosts.json');
  writeFileSync(path, text);
  const file = new HostsFile(path, log);
  const seen: (string | MeshError)[] = [];
  return { directory, path, log, file, seen, look: () => file.look((text) => seen.push(text)) };
}

describe('hosts.json on the disk', () => {
  it('is not waited for when a pipe was put in its place', async () => {
    const { path, file, seen, look } = hostsFile();
    await file.read();
    rmSync(path);
    execFileSync('mkfifo', [path]);
    await look();
    expect(seen).toEqual([expect.objectContaining({ message: expect.stringMatching(/is a pipe; put a file/) })]);
    rmSync(path);
    writeFileSync(path, 'other');
    await look();
    expect(seen[1]).toBe('other');
  });

  it.each<[string, (path: string, directory: string) => void]>([
    ['written to', (path) => writeFileSync(path, 'other')],
    [
      'replaced by another file',
      (path) => {
        writeFileSync(`${path}.new`, 'other');
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'replaced by a link',
      (path) => {
        writeFileSync(`${path}.new`, 'other');
        symlinkSync(`${path}.new`, `${path}.link`);
        renameSync(`${path}.link`, path);
      },
    ],
    [
      'deleted and made again',
      (path) => {
        rmSync(path);
        writeFileSync(path, 'other');
      },
    ],
    [
      'brought with another directory',
      (path, directory) => {
        mkdirSync(`${directory}-other`);
        writeFileSync(join(`${directory}-other`, 'hosts.json'), 'other');
        renameSync(directory, `${directory}-gone`);
        renameSync(`${directory}-other`, directory);
        expect(path).toContain(directory);
      },
    ],
  ])('is read again when it was %s between the first reading and the first look', async (_, edit) => {
    const { directory, path, file, seen, look } = hostsFile();
    expect(await file.read()).toBe('first');
    edit(path, directory);
    await look();
    await look();
    expect(seen).toEqual(['other']);
    rmSync(`${directory}-gone`, { recursive: true, force: true });
  });

  it('that is gone is told once, and read when it is there again', async () => {
    const { path, file, seen, look } = hostsFile();
    await file.read();
    rmSync(path);
    await look();
    await look();
    expect(seen).toEqual([expect.any(MeshError)]);
    expect(seen[0]).toMatchObject({ message: expect.stringMatching(/hosts\.json .* can't be read: ENOENT/) });
    writeFileSync(path, 'first');
    await look();
    expect(seen.slice(1)).toEqual(['first']);
  });

  it('that an operator wrote is read also when the node could not change it in between', async () => {
    const { directory, path, file, seen, look } = hostsFile();
    await file.read();
    writeFileSync(path, 'by hand');
    const refused = () => {
      throw new MeshError('conflict', 'It is none.');
    };
    await expect(file.edit(refused, () => {})).rejects.toThrow('It is none.');
    await look();
    expect(seen).toEqual(['by hand']);
    writeFileSync(path, 'by hand again');
    // A directory stands where the node makes its draft.
    mkdirSync(join(directory, `hosts.json.${process.pid}.new`, 'in the way'), { recursive: true });
    await expect(
      file.edit(
        (text) => `${text}, changed`,
        () => {},
      ),
    ).rejects.toMatchObject({ code: 'store_failed' });
    await look();
    expect(seen.slice(1)).toEqual(['by hand again']);
  });

  it('is not read when it did not change', async () => {
    const { file, seen, look } = hostsFile();
    await file.read();
    await look();
    expect(seen).toEqual([]);
  });

  it('may begin with a byte order mark, and says when it is saved as UTF-16', async () => {
    expect(await hostsFile('\ufefftext').file.read()).toBe('text');
    const reading = hostsFile(Buffer.from('\ufefftext', 'utf16le')).file.read();
    await expect(reading).rejects.toThrow(/The hosts file .* is saved as UTF-16; save it as UTF-8/);
  });

  it('that others may write is warned about', async () => {
    const { path, log, file } = hostsFile();
    await file.read();
    expect(log.named('hosts.writable_by_others')).toEqual([]);
    chmodSync(path, 0o666);
    await file.read();
    expect(log.named('hosts.writable_by_others')).toMatchObject([{ level: 'warn' }]);
  });
});
