// How long a change on one host takes to the receiver of a subscription at another one: the change itself, the feed between the hosts, the
// other host's own commit, and the delivery.
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { ProcessMesh } from '../host-process.ts';
import { type Figure, median } from './figure.ts';
import { preciseMs, SECRET, startReceivers } from './webhook-receivers.ts';

const CHANGES = 150;
/** The first of them warm both hosts up. */
const WARMING = 30;
const EVERY_MS = 50;
const SETTLING_MS = 1_000;

export const ACROSS = 'change on one host → receipt of a subscription at another, p50';

export async function latencyAcross(): Promise<Figure> {
  await using receivers = await startReceivers(1);
  await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }], { flags: ['--log-level', 'error'] });
  await Promise.all([mesh.host('mac').start(), mesh.host('cloud').start()]);
  const client = new Agent({ connections: 1 });
  const call = async (host: string, method: 'POST' | 'PATCH', path: string, body: unknown) => {
    const { statusCode, body: answer } = await request(`${mesh.host(host).url}${path}`, {
      method,
      dispatcher: client,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (statusCode >= 300) throw new Error(`${path} was answered ${statusCode}: ${await answer.text()}`);
    await answer.dump();
  };
  await call('mac', 'POST', '/api/agents', { id: 'ann', name: 'ann' });
  await call('cloud', 'POST', '/api/webhooks', { url: receivers.urls[0], events: ['agent.updated'], secret: SECRET });
  // What happens before the one follows the other is bridged by a snapshot, which does not tell each change.
  const isHeard = receivers.expect(1, ['well']).then(() => true);
  for (let at = 0; !(await Promise.race([isHeard, pause(SETTLING_MS, false)])); at += 1)
    await call('mac', 'PATCH', '/api/agents/ann', { label: `before ${at}` });
  await pause(SETTLING_MS);
  const reached = receivers.expect(CHANGES, ['well']);
  const [begunMs, tookMs]: [number[], number[]] = [[], []];
  for (let at = 0; at < CHANGES; at += 1) {
    await pause(EVERY_MS);
    begunMs.push(preciseMs());
    await call('mac', 'PATCH', '/api/agents/ann', { label: String(at) });
    tookMs.push(preciseMs() - Number(begunMs.at(-1)));
  }
  // One agent's events come in order, so the n-th receipt is of the n-th change.
  const waits = (await reached).receipts.map(([, atMs], at) => atMs - Number(begunMs[at]));
  await client.close();
  const p50 = median(waits.slice(WARMING));
  return {
    name: ACROSS,
    value: p50,
    unit: 'ms',
    baseline: { name: 'the call that changes it, p50', value: median(tookMs.slice(WARMING)) },
    target: '≤ 20 ms',
    kept: p50 <= 20,
  };
}
