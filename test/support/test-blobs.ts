// Attachments of a test, in a directory that goes with the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DiskBlobs, type DiskBlobsOptions } from '../../node/system/disk-blobs.ts';

/** Goes with the test that asked for it. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-blobs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function testBlobs(options: Omit<DiskBlobsOptions, 'directory'>): Promise<DiskBlobs> {
  return DiskBlobs.open({ directory: testDirectory(), ...options });
}
