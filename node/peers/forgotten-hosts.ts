// What is kept of hosts that are no more: where they were, their keys, that they had one, which logs of theirs were followed. It goes when
// hosts.json lists the host no more, and what the voters agreed on does not name it either: not as a member, and not as one that left. A host
// that is listed again after that is met as any new one.
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';

/** How often it is looked whether something that is kept of hosts that left may go. */
export const FORGETTING_HOSTS_INTERVAL_MS = 10 * 60 * 1_000;

/** Records, or what is in memory, that stand for hosts, each by its id. */
export interface HostRecords {
  hosts(): Iterable<HostId>;
  /** Resolves when it is durable. Rejects with `store_failed`. */
  forget(ids: readonly HostId[]): Promise<void>;
}

/** What knows of hosts in memory alone. */
interface Kept {
  hosts(): Iterable<HostId>;
  forget(id: HostId): void;
}

export function keptBy(parts: readonly Kept[]): HostRecords {
  return {
    hosts: () => new Set(parts.flatMap((part) => [...part.hosts()])),
    forget: async (ids) => {
      for (const part of parts) for (const id of ids) part.forget(id);
    },
  };
}

interface ForgottenHostsOptions {
  readonly records: readonly HostRecords[];
  /** Which hosts are still of this mesh; `undefined` while there is none. */
  readonly known: () => ((id: HostId) => boolean) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks now and then until `signal` aborts. Rejects with `store_failed`. */
export async function forgetHosts({ records, known, clock, log }: ForgottenHostsOptions, signal: AbortSignal) {
  for (;;) {
    await clock.sleep(FORGETTING_HOSTS_INTERVAL_MS, signal);
    if (signal.aborted) return;
    const isKnown = known();
    if (isKnown === undefined) continue;
    const forgotten = new Set<HostId>();
    for (const kept of records) {
      const ids = [...kept.hosts()].filter((id) => !isKnown(id));
      for (const id of ids) forgotten.add(id);
      if (ids.length > 0) await kept.forget(ids);
    }
    if (forgotten.size > 0) log.info('hosts.forgotten', { hosts: [...forgotten] });
  }
}
