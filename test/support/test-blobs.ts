// Attachments of a test, in a directory that goes with the process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Blobs, type BlobsOptions } from '../../node/send/blobs.ts';

const directories: string[] = [];
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-blobs-'));
  directories.push(directory);
  return directory;
}

export function testBlobs(options: Omit<BlobsOptions, 'directory'>): Promise<Blobs> {
  return Blobs.open({ directory: testDirectory(), ...options });
}
