// The part of the webhooks' benchmark that is about a start: how soon the first of many waiting deliveries leaves, and what memory they take.
import { setTimeout as pause } from 'node:timers/promises';
import { ProcessMesh } from '../host-process.ts';
import { type Figure, median } from './figure.ts';
import { residentMbOf } from './grown-host.ts';
import { preciseMs, startReceivers } from './webhook-receivers.ts';
import { WebhookSender } from './webhook-sender.ts';

const WAITING = 100_000;
const BACKLOG_START = `start with ${WAITING.toLocaleString('en')} deliveries waiting: first delivery`;
const BACKLOG_MEMORY = `resident a second later with ${WAITING.toLocaleString('en')} deliveries waiting`;
export const BACKLOG_FIGURES = [BACKLOG_START, BACKLOG_MEMORY];

export async function startWithBacklog(rounds: number): Promise<readonly Figure[]> {
  await using receivers = await startReceivers(1);
  await using mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
  const host = mesh.host('mac');
  const [readyMs, firstMs, emptyMb, fullMb]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = preciseMs();
    await host.start();
    readyMs.push(preciseMs() - startMs);
    await pause(1_000);
    emptyMb.push(await residentMbOf(host.pid));
    await host.stop();
  }
  {
    await using sender = await WebhookSender.open(host.dataDirectory);
    await sender.subscribe(String(receivers.urls[0]));
    await sender.appendMany(WAITING);
  }
  for (let round = 0; round < rounds; round += 1) {
    const first = receivers.expect(1, ['well']);
    const startMs = preciseMs();
    await host.start();
    firstMs.push(Number((await first).reachedMs[0]) - startMs);
    await pause(1_000);
    fullMb.push(await residentMbOf(host.pid));
    await host.kill();
  }
  return [
    {
      name: BACKLOG_START,
      value: median(firstMs),
      unit: 'ms',
      baseline: { name: 'ready, with none', value: median(readyMs) },
      target: '≤ 2,000 ms',
      kept: median(firstMs) <= 2_000,
    },
    {
      name: BACKLOG_MEMORY,
      value: median(fullMb),
      unit: 'MB',
      baseline: { name: 'with none', value: median(emptyMb) },
      target: '≤ 250 MB',
      kept: median(fullMb) <= 250,
    },
  ];
}
