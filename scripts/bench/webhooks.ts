// What webhooks cost: draining a backlog into receivers of another process that verify each delivery, beside a bare loop over SQLite; how long
// a change takes to its receipt; what ten subscriptions cost a call of the API; what a hanging and a failing receiver cost the others; how
// a node starts with 100,000 deliveries waiting.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { ProcessMesh } from '../host-process.ts';
import { postBarely, sendBarely } from './bare-sender.ts';
import { type Benchmark, type Figure, median, quantile } from './figure.ts';
import { ACROSS, latencyAcross } from './webhook-across.ts';
import { BACKLOG_FIGURES, startWithBacklog } from './webhook-backlog.ts';
import { type Manner, preciseMs, type Receivers, SECRET, startReceivers } from './webhook-receivers.ts';
import { WebhookSender } from './webhook-sender.ts';

const DRAINED = 20_000;
const BARE = 2_000;
/** POSTs in flight without a store: as many as the node has to one receiver. */
const AT_ONCE = 8;
const PER_SECOND = 200;
const SECONDS = 10;
const SUBSCRIPTIONS = 10;
const SHARED = 2_000;
const CALLS = 200;
/** Between the calls: back to back, they would be measured against the ten deliveries of the call before. */
const CALL_EVERY_MS = 20;
const DRAIN = `drain ${DRAINED.toLocaleString('en')} deliveries, each verified`;
const DRAIN_BESIDE_POSTS = `${DRAIN}, beside POSTs alone`;
const DELIVERY_CPU = 'CPU of one delivery, the disk and its thread included';
const RECEIPT_P50 = `change → receipt at ${PER_SECOND}/s, p50`;
const RECEIPT_P99 = `change → receipt at ${PER_SECOND}/s, p99`;
const EIGHT_OF_TEN = 'eight of ten subscriptions, one more hung and one failing';
const CALL = `a change over HTTP every ${CALL_EVERY_MS} ms with ten subscriptions, p50`;
const EVENTS = ['agent.email.changed', 'agent.updated'];
const WELL = (count: number): readonly Manner[] => Array.from({ length: count }, () => 'well' as const);

export const webhookBenchmark: Benchmark = {
  name: 'webhooks',
  about:
    'What webhooks cost: draining a backlog into receivers of another process that verify each delivery, how long a change takes to its receipt, what subscriptions cost a call of the API, what ill receivers cost the others, and a start with much waiting.',
  figures: [
    ...[DRAIN, DRAIN_BESIDE_POSTS, DELIVERY_CPU, RECEIPT_P50, RECEIPT_P99, ACROSS],
    ...[EIGHT_OF_TEN, CALL, ...BACKLOG_FIGURES],
  ],
  async run(rounds) {
    return [
      ...(await drain(rounds)),
      ...(await latency()),
      await latencyAcross(),
      await fairness(rounds),
      await apiCalls(rounds),
      ...(await startWithBacklog(rounds)),
    ];
  },
};

async function drain(rounds: number): Promise<readonly Figure[]> {
  await using receivers = await startReceivers(1);
  const url = String(receivers.urls[0]);
  const [ours, bare, floor]: [number[], number[], number[]] = [[], [], []];
  const [oursCpu, floorCpu]: [number[], number[]] = [[], []];
  const bodies = (count: number) => Array(count).fill(JSON.stringify({ event: 'x', note: 'x'.repeat(300) }));
  for (let round = 0; round < rounds; round += 1) {
    await using sender = await WebhookSender.open();
    await sender.subscribe(url);
    await sender.appendMany(DRAINED);
    const reached = receivers.expect(DRAINED, WELL(1));
    const startMs = preciseMs();
    const used = process.cpuUsage();
    sender.start();
    ours.push(perSecond(DRAINED, Number((await reached).reachedMs[0]) - startMs));
    oursCpu.push(cpuUsSince(used) / DRAINED);
    bare.push((await measured(BARE, receivers, () => sendBarely(url, bodies(BARE))))[0]);
    const [rate, cpuUs] = await measured(DRAINED, receivers, () => postBarely(url, bodies(DRAINED), AT_ONCE));
    floor.push(rate);
    floorCpu.push(cpuUs);
  }
  const ratio = median(ours) / median(bare);
  return [
    {
      name: DRAIN,
      value: median(ours),
      unit: '1/s',
      baseline: { name: 'take from SQLite, POST, mark done', value: median(bare) },
      target: '≥ 4,000/s and ≥ 20 ×',
      kept: median(ours) >= 4_000 && ratio >= 20,
    },
    {
      name: DRAIN_BESIDE_POSTS,
      value: median(ours),
      unit: '1/s',
      baseline: { name: `POSTs alone by undici, ${AT_ONCE} at once, no store`, value: median(floor) },
    },
    {
      name: DELIVERY_CPU,
      value: median(oursCpu),
      unit: 'µs',
      baseline: { name: 'of one such POST', value: median(floorCpu) },
    },
  ];
}

/** Deliveries a second, and the CPU of each in microseconds, when `send` sends so many. */
async function measured(
  count: number,
  receivers: Receivers,
  send: () => Promise<void>,
): Promise<readonly [number, number]> {
  const all = receivers.expect(count, WELL(1));
  const [begunMs, before] = [preciseMs(), process.cpuUsage()];
  await Promise.all([send(), all]);
  return [perSecond(count, preciseMs() - begunMs), cpuUsSince(before) / count];
}

async function latency(): Promise<readonly Figure[]> {
  await using receivers = await startReceivers(1);
  await using sender = await WebhookSender.open();
  await sender.subscribe(String(receivers.urls[0]));
  sender.start();
  const warm = receivers.expect(PER_SECOND, WELL(1));
  await sender.appendMany(PER_SECOND);
  await warm;
  const total = PER_SECOND * SECONDS;
  const reached = receivers.expect(total, WELL(1));
  const startMs = preciseMs();
  const begun: Promise<readonly [string, number]>[] = [];
  for (let at = 0; at < total; at += 1) {
    await pause(Math.max(0, startMs + (at * 1_000) / PER_SECOND - preciseMs()));
    begun.push(sender.append(at));
  }
  const changedMs = new Map(await Promise.all(begun));
  const waits = (await reached).receipts.map(([id, atMs]) => atMs - Number(changedMs.get(id)));
  const fsyncs = fsyncTimes(PER_SECOND);
  const [p50, p99] = [quantile(waits, 0.5), quantile(waits, 0.99)];
  return [
    {
      name: RECEIPT_P50,
      value: p50,
      unit: 'ms',
      baseline: { name: 'one write and fsync, p50', value: quantile(fsyncs, 0.5) },
      target: '≤ 10 ms',
      kept: p50 <= 10,
    },
    {
      name: RECEIPT_P99,
      value: p99,
      unit: 'ms',
      baseline: { name: 'one write and fsync, p99', value: quantile(fsyncs, 0.99) },
      target: '≤ 250 ms',
      kept: p99 <= 250,
    },
  ];
}

/** How fast eight of ten receivers drain the same backlog, while the other two are ill, and while they are well. */
async function fairness(rounds: number): Promise<Figure> {
  const rateOf = async (ill: readonly Manner[]) => {
    await using receivers = await startReceivers(SUBSCRIPTIONS);
    await using sender = await WebhookSender.open();
    for (const url of receivers.urls) await sender.subscribe(url);
    await sender.appendMany(SHARED);
    const reached = receivers.expect(SHARED, [...WELL(SUBSCRIPTIONS - ill.length), ...ill]);
    const startMs = preciseMs();
    sender.start();
    const healthy = (await reached).reachedMs.slice(0, SUBSCRIPTIONS - 2);
    return perSecond(SHARED * healthy.length, Math.max(...healthy) - startMs);
  };
  const [ill, well]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    well.push(await rateOf([]));
    ill.push(await rateOf(['hangs', 'fails']));
  }
  return {
    name: EIGHT_OF_TEN,
    value: median(ill),
    unit: '1/s',
    baseline: { name: 'all ten well', value: median(well) },
    target: '≥ 0.9 ×',
    kept: median(ill) >= 0.9 * median(well),
  };
}

async function apiCalls(rounds: number): Promise<Figure> {
  await using receivers = await startReceivers(SUBSCRIPTIONS);
  await using plain = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
  await using told = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
  const client = new Agent({ connections: 1 });
  const call = async (mesh: ProcessMesh, method: 'POST' | 'PATCH', path: string, body: unknown) => {
    const { statusCode, body: answer } = await request(`${mesh.host('mac').url}${path}`, {
      method,
      dispatcher: client,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (statusCode >= 300) throw new Error(`${path} was answered ${statusCode}: ${await answer.text()}`);
    await answer.dump();
  };
  for (const mesh of [plain, told]) {
    await mesh.start();
    await call(mesh, 'POST', '/api/agents', { id: 'ann', name: 'ann' });
  }
  for (const url of receivers.urls) await call(told, 'POST', '/api/webhooks', { url, events: EVENTS, secret: SECRET });
  const times = new Map<ProcessMesh, number[]>([
    [plain, []],
    [told, []],
  ]);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [mesh, taken] of times) {
      for (let at = 0; at < CALLS; at += 1) {
        await pause(CALL_EVERY_MS);
        const startMs = performance.now();
        await call(mesh, 'PATCH', '/api/agents/ann', { label: `${round} ${at}` });
        // The first round warms both up.
        if (round > 0) taken.push(performance.now() - startMs);
      }
    }
  }
  await client.close();
  const [none, ten] = [median(times.get(plain) ?? []), median(times.get(told) ?? [])];
  return {
    name: CALL,
    value: ten,
    unit: 'ms',
    baseline: { name: 'with none', value: none },
    target: '≤ 1.2 ×',
    kept: ten <= 1.2 * none,
  };
}

/** Milliseconds of so many writes of one page, each with its fsync. */
function fsyncTimes(count: number): readonly number[] {
  const path = join(tmpdir(), `agent-email-mesh-fsync-${process.pid}`);
  const file = openSync(path, 'w');
  const page = new Uint8Array(4_096).fill(1);
  const times = Array.from({ length: count }, () => {
    const startMs = performance.now();
    writeSync(file, page);
    fsyncSync(file);
    return performance.now() - startMs;
  });
  closeSync(file);
  void rm(path);
  return times;
}

function perSecond(count: number, ms: number): number {
  return (count * 1_000) / ms;
}

/** The CPU time of all threads of this process. */
function cpuUsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
