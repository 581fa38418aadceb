// Ports that note how long they take: each does what the one behind it does, and its callers know nothing of it.
import type { Clock } from '../../mesh/ports.ts';
import type { ClaimStore } from '../../mesh/state/claim-store.ts';
import type { Mailer } from '../send/mailer.ts';
import type { LogDisk, LogFile } from '../store/commits/log-disk.ts';
import type { Sender } from '../webhooks/sender/sender.ts';
import type { ClaimTimes, DeliveryTimes, ShipmentTimes, SyncTimes } from './times.ts';

type Stopwatch = Pick<Clock, 'monotonicMs'>;

export function timedClaims(store: ClaimStore, times: ClaimTimes, clock: Stopwatch): ClaimStore {
  return {
    claim: async (claims) => {
      const sinceMs = clock.monotonicMs();
      const outcome = await store.claim(claims);
      times.note(outcome.kind, clock.monotonicMs() - sinceMs);
      return outcome;
    },
    releaseWrites: (claims) => store.releaseWrites(claims),
    release: (claims) => store.release(claims),
    confirm: (claims) => store.confirm(claims),
    ownersOf: (keys) => store.ownersOf(keys),
    status: () => store.status(),
  };
}

export function timedSender(sender: Sender, times: DeliveryTimes): Sender {
  return {
    post: async (post, signal) => {
      const outcome = await sender.post(post, signal);
      const isAccepted = outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
      times.note(isAccepted ? 'accepted' : outcome.kind === 'answered' ? 'refused' : 'failed', outcome.tookMs);
      return outcome;
    },
  };
}

export function timedMailer(mailer: Mailer, times: ShipmentTimes): Mailer {
  return {
    ship: async (shipment, signal) => {
      const outcome = await mailer.ship(shipment, signal);
      times.note(outcome.kind, outcome.tookMs);
      return outcome;
    },
    readyFor: (account) => mailer.readyFor(account),
    close: () => mailer.close(),
  };
}

export function timedLogDisk(disk: LogDisk, times: SyncTimes, clock: Stopwatch): LogDisk {
  return {
    open: async (path, options) => {
      const file = await disk.open(path, options);
      return file === undefined ? undefined : timedFile(file, times, clock);
    },
    make: (path, octets) => disk.make(path, octets),
    syncNames: (path) => disk.syncNames(path),
  };
}

function timedFile(file: LogFile, times: SyncTimes, clock: Stopwatch): LogFile {
  const timed = async (sync: () => Promise<void>) => {
    const sinceMs = clock.monotonicMs();
    let outcome: 'done' | 'failed' = 'failed';
    try {
      await sync();
      outcome = 'done';
    } finally {
      times.note(outcome, clock.monotonicMs() - sinceMs);
    }
  };
  return {
    read: () => file.read(),
    write: (octets, at) => file.write(octets, at),
    writeFew: (octets, at) => file.writeFew(octets, at),
    writeDurably: (octets, at) => timed(() => file.writeDurably(octets, at)),
    truncate: (bytes) => file.truncate(bytes),
    sync: () => timed(() => file.sync()),
    close: () => file.close(),
  };
}
