// Attachments of a test, in a directory that goes with the process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Blobs, type BlobsOptions } from '../../node/send/blobs.ts';

export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-blobs-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function testBlobs(options: Omit<BlobsOptions, 'directory'>): Promise<Blobs> {
  return Blobs.open({ directory: testDirectory(), ...options });
}
