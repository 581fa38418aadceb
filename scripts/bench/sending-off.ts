// What a node asks of the world for sending, in a benchmark of something else: attachments nobody sends, names nobody asks for.
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../mesh/ports.ts';
import { createDnsResolver } from '../../node/dns/dns-resolver.ts';
import type { Log } from '../../node/log.ts';
import { DiskBlobs } from '../../node/system/disk-blobs.ts';

export async function sendingOffPorts(clock: Clock, log: Log) {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-bench-blobs-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return {
    blobs: await DiskBlobs.open({ directory, clock, log }),
    resolver: createDnsResolver(clock),
    socketTo: () => new Socket(),
    post: () => Promise.reject(new Error('No account is configured.')),
  };
}
