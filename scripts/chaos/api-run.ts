// Questions of every operation of the API's document, to a real host over HTTP: no answer is a fault of the node, each is as the document says, and
// every operation succeeds. What is decided about a mesh is asked of a mesh, at the end.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiDocument, ApiFuzzer } from '../../test/support/api-fuzzer.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { freePorts, HostProcess } from '../host-process.ts';
import { DECISIONS, runDecisions } from './api-decisions.ts';
import { concedeAddress, surroundings, tellStory } from './api-story.ts';

interface ApiRun {
  /** Questions. */
  readonly count: number;
  readonly seed: number;
}

interface ApiResult {
  /** A sentence each. */
  readonly violations: readonly string[];
  /** Operations that did not succeed where all are asked in order. */
  readonly never: readonly string[];
}

/** The share of the questions that decide about a mesh: with each, other hosts are waited for. */
const DECISION_SHARE = 0.02;

export async function runApi(run: ApiRun, say: (line: string) => void): Promise<ApiResult> {
  const { violations, never } = await askOneHost(run, say);
  const decisions = await runDecisions(Math.round(run.count * DECISION_SHARE), run.seed);
  return { violations: [...violations, ...decisions.faults], never: [...never, ...decisions.never] };
}

/** Everything that one host by itself can be asked. */
export async function askOneHost({ count, seed }: ApiRun, say: (line: string) => void): Promise<ApiResult> {
  await using around = await surroundings();
  const directory = mkdtempSync(join(tmpdir(), 'mesh-api-'));
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(directory, 'hosts.json'), JSON.stringify({ hosts: [{ id: 'mac', url }] }));
  const accounts = join(directory, 'accounts.json');
  writeFileSync(accounts, JSON.stringify(around.accounts));
  chmodSync(accounts, 0o600);
  const environment = {
    ...{ MESH_LOG_LEVEL: 'warn', MESH_COMPAT: 'maestro', MESH_SEND_ACCOUNTS: accounts },
    // Who invites a host gives it this.
    MESH_SECRET: 'a-secret-of-sixteen-characters-or-more',
  };
  const host = new HostProcess('mac', url, directory, { environment });
  try {
    await concedeAddress(host.dataDirectory);
    await host.start();
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as ApiDocument;
    const fuzzer = new ApiFuzzer(document, seededRandom(seed), (id) => !DECISIONS.includes(id));
    let asked = 0;
    const ask = (path: string, init: RequestInit) => {
      asked += 1;
      if (asked % 1_000 === 0) say(`${asked} questions`);
      return fetch(url + path, { ...init, redirect: 'manual', signal: AbortSignal.timeout(60_000) });
    };
    await tellStory((id, told = {}) => fuzzer.tell(id, told, ask), around);
    const never = fuzzer.never();
    await fuzzer.run(count, ask);
    return { violations: fuzzer.faults(), never };
  } finally {
    await host.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}
