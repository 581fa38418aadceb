// What an operator decides about a mesh of real hosts, each answer held against the API's document: hosts are listed and taken out, a mesh goes on
// without voters that are lost, and those come back and join it. Then the same operations are asked at random.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiDocument, ApiFuzzer } from '../../test/support/api-fuzzer.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { type HostProcess, ProcessMesh } from '../host-process.ts';

/** After one of these that succeeds, other hosts must agree to whatever is claimed. */
export const DECISIONS: readonly string[] = ['addHost', 'removeHost', 'evictHost', 'joinMesh', 'recoverMesh'];
const ENVIRONMENT = { MESH_SECRET: 'a-secret-that-all-of-them-share', MESH_LOG_LEVEL: 'warn' };
const JSON_SENT = { 'Content-Type': 'application/json' };
const POLL_MS = 100;
/** Until a mesh of real hosts has formed, or moved, on a busy machine. */
const MESH_MS_MAX = 120_000;

interface DecisionResult {
  /** A sentence each. */
  readonly faults: readonly string[];
  /** Decisions that did not succeed where they are made in order. */
  readonly never: readonly string[];
}

/** `count`: questions at random after the decisions that are made in order. */
export async function runDecisions(count: number, seed: number): Promise<DecisionResult> {
  const specs = ['cloud', 'mac', 'mini'].map((id) => ({ id }));
  await using mesh = await ProcessMesh.create(specs, { environment: ENVIRONMENT });
  const [cloud, mac, mini] = [mesh.host('cloud'), mesh.host('mac'), mesh.host('mini')];
  await startTwoMeshes(mesh, cloud, mac);
  const document = (await (await ask(mac, '/openapi.json')).json()) as ApiDocument;
  const fuzzer = new ApiFuzzer(document, seededRandom(seed), (id) => DECISIONS.includes(id));
  const tell = (host: HostProcess, id: string, body: unknown) =>
    fuzzer.tell(id, { body }, (path, init) => ask(host, path, init));
  await tell(cloud, 'joinMesh', { host: 'mac', acceptLoss: true });
  await list(mesh, mesh.hosts);
  await mini.start();
  await until(cloud, '/api/hosts', /"voters":\["cloud","mac","mini"\],"joining":false/);
  await tell(mac, 'addHost', { id: 'linux', url: 'http://127.0.0.1:1', voter: false });
  await tell(mac, 'removeHost', { host: 'linux' });
  await Promise.all([cloud.kill(), mini.kill()]);
  await tell(mac, 'recoverMesh', { voters: ['mac'], acceptLoss: true });
  await cloud.start();
  await until(mac, '/ready', /"ready":true/);
  await tell(mac, 'removeHost', { host: 'mini' });
  await tell(mac, 'evictHost', { host: 'mini' });
  const never = fuzzer.never();
  await fuzzer.run(count, (path, init) => ask(mac, path, init));
  return { faults: fuzzer.faults(), never };
}

/** Each began by itself, before they were listed together. */
async function startTwoMeshes(mesh: ProcessMesh, ...hosts: readonly [HostProcess, HostProcess]): Promise<void> {
  for (const host of hosts) {
    await list(mesh, [host]);
    await host.start();
    const agent = { name: 'titania', tools: { email: { addresses: [{ address: `${host.id}@x.com` }] } } };
    await ask(host, '/api/agents', { method: 'POST', headers: JSON_SENT, body: JSON.stringify(agent) });
    await host.stop();
  }
  await list(mesh, hosts);
  await Promise.all(hosts.map((host) => host.start()));
  await until(hosts[0], '/api/hosts', /another mesh/);
}

/** Writes the hosts.json that all of them share. */
function list({ directory }: ProcessMesh, hosts: readonly HostProcess[]): Promise<void> {
  const entries = hosts.map(({ id, url }) => ({ id, url }));
  return writeFile(join(directory, 'hosts.json'), JSON.stringify({ hosts: entries }));
}

/** On a connection of its own: one that is kept may lead to a process that was killed since. */
function ask(host: HostProcess, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(host.url + path, { ...init, headers: { ...init.headers, connection: 'close' } });
}

/** Rejects with what was answered last. */
async function until(host: HostProcess, path: string, words: RegExp): Promise<void> {
  let said = '';
  for (const end = performance.now() + MESH_MS_MAX; performance.now() < end; await sleep(POLL_MS)) {
    said = await (await ask(host, path)).text();
    if (words.test(said)) return;
  }
  throw new Error(`Host '${host.id}' never came to that: ${said.slice(0, 500)}`);
}
