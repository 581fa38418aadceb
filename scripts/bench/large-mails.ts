// The most memory that a node with a million mails ever has while ten mails of 25 MiB come in at once, each into the same inbox.
import { writeFile } from 'node:fs/promises';
import { systemClock } from '../../node/system/clock.ts';
import type { HostProcess } from '../host-process.ts';
import { type Figure, median } from './figure.ts';
import { peakMbOf } from './grown-host.ts';
import { INBOX } from './million-mails.ts';
import { smtpSource } from './receiving-node.ts';

const MAILS_AT_ONCE = 10;
/** Octets of each, as many as there may be, with room for its header. */
const MAIL_BYTES = 25 * 1_024 * 1_024 - 4_096;
const MORE_MB_MAX = 150;
/** After a start, and after a round. */
const SETTLED_MS = 2_000;

export const LARGE_MAILS = `resident memory, a million mails, while ${MAILS_AT_ONCE} of 25 MiB come in at once`;

/** `emptyMb`: what a node with a mailbox without a mail has. */
export async function largeMailFigure(parts: {
  readonly host: HostProcess;
  readonly smtp: number;
  readonly emptyMb: number;
  readonly rounds: number;
}): Promise<Figure> {
  const { host, smtp, emptyMb, rounds } = parts;
  const peaksMb: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await host.start();
    await systemClock.sleep(SETTLED_MS);
    await forgetPeak(host.pid);
    const mails = { port: smtp, to: INBOX, count: MAILS_AT_ONCE, connections: MAILS_AT_ONCE, bytes: MAIL_BYTES };
    await smtpSource(mails);
    peaksMb.push(await peakMbOf(host.pid));
    await host.stop();
  }
  const value = median(peaksMb);
  return {
    name: LARGE_MAILS,
    value,
    unit: 'MB',
    baseline: { name: 'with no mail', value: emptyMb },
    target: `≤ ${MORE_MB_MAX} MB more`,
    kept: value - emptyMb <= MORE_MB_MAX,
  };
}

/** From now on the most resident memory is what it is now (Linux: proc(5), `clear_refs`). */
async function forgetPeak(pid: number | undefined): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}
