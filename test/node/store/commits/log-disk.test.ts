import { execFile } from 'node:child_process';
import { constants, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemLogDisk } from '../../../../node/store/commits/log-disk.ts';

const MODULE = join(import.meta.dirname, '../../../../node/store/commits/log-disk.ts');
const WRITES = 50;
const onLinux = process.platform === 'linux';

/** Makes a file, writes into it again and again, and says what the process has handed to the disk meanwhile. */
const COUNTING = `
const { readFileSync } = await import('node:fs');
const { systemLogDisk } = await import(process.argv[1]);
const written = () => Number(/^write_bytes: (\\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
await systemLogDisk.make(process.argv[2], new Uint8Array(1_048_576));
const file = await systemLogDisk.open(process.argv[2], { isDurable: true });
const before = written();
for (let at = 0; at < ${WRITES}; at += 1) {
  await file.writeDurably(new Uint8Array(6_000).fill(1), at * 6_000);
}
console.log(written() - before);
await file.close();
`;

/** How the system has opened each descriptor of this process that is open on the path. */
const flagsOf = (path: string) =>
  readdirSync('/proc/self/fd').flatMap((file) => {
    try {
      if (readlinkSync(`/proc/self/fd/${file}`) !== path) return [];
      return [
        Number.parseInt(/^flags:\s+0(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'utf8'))?.[1] ?? '', 8),
      ];
    } catch {
      // The one that lists them is closed by now.
      return [];
    }
  });

describe('a file of the commit log', () => {
  it('has what is written into it, in each of three ways', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-log-disk-'));
    const path = join(directory, 'log');
    await systemLogDisk.make(path, Buffer.from('.'.repeat(12)));
    for (const isDurable of [false, true]) {
      const file = await systemLogDisk.open(path, { isDurable });
      const [octets, few, durably] = ['abc', 'de', 'fgh'].map((text) =>
        Buffer.from(isDurable ? text.toUpperCase() : text),
      );
      await file?.write(octets ?? new Uint8Array(), 1);
      await file?.writeFew(few ?? new Uint8Array(), 5);
      await file?.writeDurably(durably ?? new Uint8Array(), 8);
      expect(readFileSync(path, 'latin1')).toBe(isDurable ? '.ABC.DE.FGH.' : '.abc.de.fgh.');
      await file?.close();
    }
    rmSync(directory, { recursive: true });
  });

  it.skipIf(!onLinux)(
    'is opened so that each write is a sync where it is written durably, and only there',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'mesh-log-disk-'));
      const path = join(directory, 'log');
      await systemLogDisk.make(path, new Uint8Array(10));
      for (const isDurable of [false, true]) {
        const file = await systemLogDisk.open(path, { isDurable });
        expect(flagsOf(path).map((flags) => (flags & constants.O_DSYNC) !== 0)).toEqual([isDurable]);
        await file?.close();
      }
      rmSync(directory, { recursive: true });
    },
  );

  it('is made with its content, whole, whatever a process left that was killed while it did', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-log-disk-'));
    const path = join(directory, 'log');
    for (const left of [0, 700_000]) {
      writeFileSync(`${path}.new`, Buffer.alloc(left, 1));
      const octets = Buffer.from(Uint8Array.from({ length: 600_001 }, (_, at) => at % 251));
      await systemLogDisk.make(path, octets);
      expect(readFileSync(path).equals(octets)).toBe(true);
    }
    await systemLogDisk.syncNames(path);
    expect(readdirSync(directory)).toEqual(['log']);
    rmSync(directory, { recursive: true });
  });

  it.skipIf(!onLinux)('hands little more to the disk than what is written into it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-log-disk-'));
    const args = ['--input-type=module', '-e', COUNTING, MODULE, join(directory, 'log')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    // Three pages each: two, and one that is shared with the write before.
    expect(Number(stdout)).toBeLessThanOrEqual(WRITES * 3 * 4_096);
    rmSync(directory, { recursive: true });
  });
});
