// Which addresses are this machine's own: asked for with every delivery, and read from the system only now and then.
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../../mesh/ports.ts';
import type { Family } from './allow-list.ts';

/** An address that the machine has got since is its own after this long. */
const FRESH_MS_MAX = 1_000;

export type IsOfMachine = (address: string, family: Family) => boolean;

/** `read`: in place of the system's, in tests. */
export function machineAddresses(
  clock: Pick<Clock, 'monotonicMs'>,
  read: () => readonly { readonly address: string; readonly family: string }[] = addressesBySystem,
): IsOfMachine {
  let own = new BlockList();
  let readMs = Number.NEGATIVE_INFINITY;
  return (address, family) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - readMs >= FRESH_MS_MAX) {
      own = new BlockList();
      readMs = nowMs;
      for (const one of read()) own.addAddress(one.address, one.family === 'IPv6' ? 'ipv6' : 'ipv4');
    }
    return own.check(address, family);
  };
}

function addressesBySystem() {
  return Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
}
