import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemLogDisk } from '../../../../node/store/commits/log-disk.ts';

const MODULE = join(import.meta.dirname, '../../../../node/store/commits/log-disk.ts');
const WRITES = 50;

/** Makes a file, writes into it again and again, and says what the process has handed to the disk meanwhile. */
const COUNTING = `
const { readFileSync } = await import('node:fs');
const { systemLogDisk } = await import(process.argv[1]);
const written = () => Number(/^write_bytes: (\\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
await systemLogDisk.make(process.argv[2], new Uint8Array(1_048_576));
const file = await systemLogDisk.open(process.argv[2]);
const before = written();
for (let at = 0; at < ${WRITES}; at += 1) {
  await file.write(new Uint8Array(6_000).fill(1), at * 6_000);
  await file.sync();
}
console.log(written() - before);
await file.close();
`;

describe('a file of the commit log', () => {
  it('is made with its content, whole', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-log-disk-'));
    const octets = Uint8Array.from({ length: 10_001 }, (_, at) => at % 251);
    await systemLogDisk.make(join(directory, 'log'), octets);
    expect(new Uint8Array(readFileSync(join(directory, 'log')))).toEqual(octets);
    rmSync(directory, { recursive: true });
  });

  it.skipIf(process.platform !== 'linux')('hands little more to the disk than what is written into it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-log-disk-'));
    const args = ['--input-type=module', '-e', COUNTING, MODULE, join(directory, 'log')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    // Three pages each: two, and one that is shared with the write before.
    expect(Number(stdout)).toBeLessThanOrEqual(WRITES * 3 * 4_096);
    rmSync(directory, { recursive: true });
  });
});
