// What a mail costs that comes in: taken by SMTP on ten kept connections and on the disk before its 250, by a whole node process; beside a real
// Postfix that delivers the same by LMTP into Dovecot, and beside Postfix's sink, which keeps nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { whyNoPostfix } from '../postfix.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { WAIT_FIGURES, waitFigures } from './mailbox-waits.ts';
import { MailLine, ReceivingNode, smtpSource } from './receiving-node.ts';
import { ReceivingPostfix } from './receiving-postfix.ts';
import { Sink } from './smtp-sink.ts';

const MAILS = 2_000;
const CONNECTIONS = 10;
/** Before a round: what the round before has left to do is over. */
const REST_MS = 1_000;

/** Mails of Postfix's own source, which says nothing of whom it has a mail from: no SPF, and no signature to check. */
const RECEIVED = `mail received durably, 4 KiB, ${CONNECTIONS} connections`;
const RECEIVED_BESIDE_SINK = `${RECEIVED}, beside a sink alone`;
/** A gateway's, with the sender's machine (XFORWARD), a signature of DKIM, and a policy (DMARC) in a DNS on loopback. */
const JUDGED = `${RECEIVED}, by XFORWARD with SPF, DKIM and DMARC checked`;
const CPU = 'CPU of the whole process, a mail';
const CPU_JUDGED = `${CPU}, with SPF, DKIM and DMARC checked`;
const PASSED = { spf: 'pass', dkim: 'pass', dmarc: 'pass' };

/** Durable receipt of mail, and who waits for it. */
export const mailboxBenchmark: Benchmark = {
  name: 'mailbox',
  about:
    'What a mail costs that comes in by SMTP and is on the disk before its 250, in a whole node process, with and without a verdict on who sent it, beside a real Postfix that hands the same to Dovecot by LMTP; and who waits meanwhile: its senders, who claims an address, who listens.',
  figures: [RECEIVED, RECEIVED_BESIDE_SINK, JUDGED, CPU, CPU_JUDGED, ...WAIT_FIGURES],
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
  const seen: Record<'ours' | 'judged' | 'postfix' | 'sink' | 'cpuMs' | 'judgedCpuMs', number[]> = {
    ...{ ours: [], judged: [], postfix: [], sink: [], cpuMs: [], judgedCpuMs: [] },
  };
  for (let round = 0; round <= rounds; round += 1) {
    const to = await node.inbox(`round-${round}`);
    const beforeMs = await node.cpuMs();
    const ours = await perSecond(() => source(node.smtp, to));
    const betweenMs = await node.cpuMs();
    const judged = await perSecond(() => judgedMails(node, round));
    const afterMs = await node.cpuMs();
    const theirs = await perSecond(() => postfix.takes(MAILS, () => source(postfix.port, postfix.to)));
    await postfix.empty();
    const ceiling = await perSecond(() => sink.takes(MAILS, () => source(sink.port, postfix.to)));
    // The first round warms all of them up.
    if (round === 0) continue;
    seen.ours.push(ours);
    seen.judged.push(judged);
    seen.postfix.push(theirs);
    seen.sink.push(ceiling);
    seen.cpuMs.push((betweenMs - beforeMs) / MAILS);
    seen.judgedCpuMs.push((afterMs - betweenMs) / MAILS);
  }
  const [ours, judged, theirs] = [median(seen.ours), median(seen.judged), median(seen.postfix)];
  const promised = (name: string, value: number): Figure => ({
    ...{ name, value, unit: '1/s' },
    ...{ baseline: { name: postfix.name, value: theirs }, target: '≥ 400/s and ≥ 1.2 ×' },
    kept: value >= 400 && value >= 1.2 * theirs,
  });
  return [
    promised(RECEIVED, ours),
    {
      ...{ name: RECEIVED_BESIDE_SINK, value: ours, unit: '1/s' },
      baseline: { name: 'smtp-sink alone', value: median(seen.sink) },
    },
    promised(JUDGED, judged),
    { name: CPU, value: median(seen.cpuMs), unit: 'ms' },
    { name: CPU_JUDGED, value: median(seen.judgedCpuMs), unit: 'ms' },
  ];
}

/** Sends as many mails, on as many connections, of which the node finds out that they are from whom they say. */
async function judgedMails(node: ReceivingNode, round: number): Promise<void> {
  const to = await node.inbox(`judged-${round}`);
  const lines = Array.from({ length: CONNECTIONS }, async (_, at) => {
    await using line = await MailLine.open(node.smtp, to, node.mailOf);
    for (let mail = 0; mail < MAILS / CONNECTIONS; mail += 1) await line.send(`${round}.${at}.${mail}`);
  });
  await Promise.all(lines);
  const verdict = await node.verdict(to);
  if (!isDeepStrictEqual(verdict, PASSED)) throw new Error(`A mail was judged as ${JSON.stringify(verdict)}.`);
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
