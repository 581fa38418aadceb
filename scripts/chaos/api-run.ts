// Questions of every operation of the API's document, to a real host over HTTP: no answer is a fault of the node, and each is as the document says.
// What is decided about a mesh is asked of a mesh, at the end.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiDocument, ApiFuzzer } from '../../test/support/api-fuzzer.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { freePorts, HostProcess } from '../host-process.ts';
import { DECISIONS, runDecisions } from './api-decisions.ts';

interface ApiRun {
  /** Questions. */
  readonly count: number;
  readonly seed: number;
}

interface ApiResult {
  /** A sentence each. */
  readonly violations: readonly string[];
  /** Operations that never succeeded. */
  readonly never: readonly string[];
}

/** The share of the questions that decide about a mesh: with each, other hosts are waited for. */
const DECISION_SHARE = 0.02;
/** An account whose server is not there: mail is accepted, and waits. */
const ACCOUNTS = { accounts: [{ id: 'nowhere', host: '127.0.0.1', port: 1, security: 'none' }] };

export async function runApi({ count, seed }: ApiRun, say: (line: string) => void): Promise<ApiResult> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-api-'));
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(directory, 'hosts.json'), JSON.stringify({ hosts: [{ id: 'mac', url }] }));
  const accounts = join(directory, 'accounts.json');
  writeFileSync(accounts, JSON.stringify(ACCOUNTS));
  chmodSync(accounts, 0o600);
  const environment = { MESH_LOG_LEVEL: 'warn', MESH_COMPAT: 'maestro', MESH_SEND_ACCOUNTS: accounts };
  const host = new HostProcess('mac', url, directory, { environment });
  try {
    await host.start();
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as ApiDocument;
    const fuzzer = new ApiFuzzer(document, seededRandom(seed), (id) => !DECISIONS.includes(id));
    let asked = 0;
    const { faults, never } = await fuzzer.run(count, (path, init) => {
      asked += 1;
      if (asked % 1_000 === 0) say(`${asked} questions`);
      return fetch(url + path, { ...init, redirect: 'manual', signal: AbortSignal.timeout(60_000) });
    });
    const decisions = await runDecisions(Math.round(count * DECISION_SHARE), seed);
    return { violations: [...faults, ...decisions.faults], never: [...never, ...decisions.never] };
  } finally {
    await host.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}
