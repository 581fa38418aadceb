// Processes that believe in another hour: libfaketime (apt-get install faketime), for no test may set the clock of the machine.
import { existsSync } from 'node:fs';

/** Where it is; `undefined` on a machine without it. */
export const FAKETIME = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`)
  .find(existsSync);

/** What a process is started with that shall live so much later than the machine: `5m`, `4d`. */
export function laterBy(time: string, library: string): Readonly<Record<string, string>> {
  return { LD_PRELOAD: library, FAKETIME: `+${time}`, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}
