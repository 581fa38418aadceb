// What a mail costs that comes in: taken by SMTP on ten kept connections and on the disk before its 250, by a whole node process; beside a real
// Postfix that delivers the same by LMTP into Dovecot, and beside Postfix's sink, which keeps nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { whyNoPostfix } from '../postfix.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { WAIT_FIGURES, waitFigures } from './mailbox-waits.ts';
import { ReceivingNode, smtpSource } from './receiving-node.ts';
import { ReceivingPostfix } from './receiving-postfix.ts';
import { Sink } from './smtp-sink.ts';

const MAILS = 2_000;
const CONNECTIONS = 10;
/** Before a round: what the round before has left to do is over. */
const REST_MS = 1_000;

const RECEIVED = `mail received durably, 4 KiB, ${CONNECTIONS} connections`;
const RECEIVED_BESIDE_SINK = `${RECEIVED}, beside a sink alone`;
const CPU = 'CPU of the whole process, a mail';

/** Durable receipt of mail, and who waits for it. */
export const mailboxBenchmark: Benchmark = {
  name: 'mailbox',
  about:
    'What a mail costs that comes in by SMTP and is on the disk before its 250, in a whole node process, beside a real Postfix that hands the same to Dovecot by LMTP; and who waits meanwhile: its senders, who claims an address, who listens.',
  figures: [RECEIVED, RECEIVED_BESIDE_SINK, CPU, ...WAIT_FIGURES],
  async run(rounds) {
    const why = whyNoPostfix();
    if (why !== undefined) throw new Error(`This benchmark needs Postfix: ${why}.`);
    return [...(await receipts(rounds)), ...(await waitFigures(rounds))];
  },
};

async function receipts(rounds: number): Promise<readonly Figure[]> {
  await using postfix = await ReceivingPostfix.start();
  await using sink = await Sink.start();
  await using node = await ReceivingNode.start();
  const seen: Record<'ours' | 'postfix' | 'sink' | 'cpuMs', number[]> = { ours: [], postfix: [], sink: [], cpuMs: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const to = await node.inbox(`round-${round}`);
    const beforeMs = await node.cpuMs();
    const ours = await perSecond(() => source(node.smtp, to));
    const cpuMs = ((await node.cpuMs()) - beforeMs) / MAILS;
    const theirs = await perSecond(() => postfix.takes(MAILS, () => source(postfix.port, postfix.to)));
    await postfix.empty();
    const ceiling = await perSecond(() => sink.takes(MAILS, () => source(sink.port, postfix.to)));
    // The first round warms all of them up.
    if (round === 0) continue;
    seen.ours.push(ours);
    seen.postfix.push(theirs);
    seen.sink.push(ceiling);
    seen.cpuMs.push(cpuMs);
  }
  const [ours, theirs] = [median(seen.ours), median(seen.postfix)];
  return [
    {
      name: RECEIVED,
      value: ours,
      unit: '1/s',
      baseline: { name: postfix.name, value: theirs },
      target: '≥ 400/s and ≥ 1.2 ×',
      kept: ours >= 400 && ours >= 1.2 * theirs,
    },
    {
      ...{ name: RECEIVED_BESIDE_SINK, value: ours, unit: '1/s' },
      baseline: { name: 'smtp-sink alone', value: median(seen.sink) },
    },
    { name: CPU, value: median(seen.cpuMs), unit: 'ms' },
  ];
}

function source(port: number, to: string): Promise<void> {
  return smtpSource({ port, to, count: MAILS, connections: CONNECTIONS });
}

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  await pause(REST_MS);
  const startedMs = performance.now();
  await work();
  return MAILS / ((performance.now() - startedMs) / 1_000);
}
