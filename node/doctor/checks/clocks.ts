// Whether the clocks agree: a message between hosts is dated, and one that is too old or too new is refused.
import { SIGNATURE_SKEW_SECONDS_MAX } from '../../../mesh/signature/clock-skew.ts';
import { answering, type Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

/** A clock that NTP looks after is off by less. */
const TOLD_MS_MIN = 5_000;

export function checkClocks(examination: Examination): readonly Finding[] {
  const others = answering(examination).filter(({ host }) => host.id !== examination.roster?.self.id);
  const off = others.filter(({ aheadMs = 0 }) => Math.abs(aheadMs) >= TOLD_MS_MIN);
  // Where all others agree with each other, it is this clock that is wrong.
  const isOwn = others.length > 1 && off.length === others.length && spreadMs(off) < TOLD_MS_MIN;
  return isOwn
    ? [finding(undefined, -(off[0]?.aheadMs ?? 0))]
    : off.map(({ host, aheadMs = 0 }) => finding(host.id, aheadMs));
}

function spreadMs(off: readonly { readonly aheadMs?: number }[]): number {
  const all = off.map(({ aheadMs = 0 }) => aheadMs);
  return Math.max(...all) - Math.min(...all);
}

/** `host`: absent when it is this machine's. */
function finding(host: string | undefined, aheadMs: number): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const way = aheadMs > 0 ? 'ahead of' : 'behind';
  const whose = host === undefined ? "This machine's clock" : `The clock of host '${host}'`;
  return {
    check: 'clocks',
    ...(host === undefined ? {} : { host }),
    what: `${whose} is ${seconds} s ${way} ${host === undefined ? "all others'" : "this machine's"}.`,
    meaning:
      seconds > SIGNATURE_SKEW_SECONDS_MAX
        ? `Hosts that are more than ${SIGNATURE_SKEW_SECONDS_MAX} s apart do not hear each other: its vote is missing.`
        : `From ${SIGNATURE_SKEW_SECONDS_MAX} s on, hosts do not hear each other.`,
    mend: 'timedatectl set-ntp true',
    where: `${host === undefined ? 'here' : `on the machine of '${host}'`}, as root`,
  };
}
