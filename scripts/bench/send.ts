// What sending costs: messages accepted durably over HTTP and delivered into Postfix's own sink, by a whole node process; beside
// Postfix's source alone, and beside a real Postfix that accepts and delivers the same. Memory while large attachments come in.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { validateEmail } from '../../node/validation/address-verdict.ts';
import { type HostProcess, ProcessMesh } from '../host-process.ts';
import { Postfix, whyNoPostfix } from '../postfix.ts';
import { type Benchmark, type Figure, median, quantile } from './figure.ts';
import { Sink } from './smtp-sink.ts';

const MESSAGES = 3_000;
const CONNECTIONS = 10;
const AT_ONCE = 64;
const BODY_BYTES = 4_096;
const MIB = 1_024 * 1_024;
const DELIVERED = 'accept and deliver, 4 KiB, 10 connections';
const DELIVERED_BESIDE_SOURCE = `${DELIVERED}, beside the load alone`;
const WRITTEN = 'written to the disk, a mail';
const ACCEPTED = 'accept, p99 meanwhile';
const ATTACHMENTS = 'resident, ten attachments of 25 MiB at once';
const VALIDATED = 'validate, one in four beyond ASCII';
const run = promisify(execFile);

export const sendBenchmark: Benchmark = {
  name: 'send',
  about:
    "What sending costs: mail accepted durably over HTTP and delivered into Postfix's own sink by a whole node process, beside a real Postfix that does the same; memory while large attachments come in.",
  figures: [DELIVERED, DELIVERED_BESIDE_SOURCE, WRITTEN, ACCEPTED, ATTACHMENTS, VALIDATED],
  async run(rounds) {
    const why = whyNoPostfix();
    if (why !== undefined) throw new Error(`This benchmark needs Postfix: ${why}.`);
    return [...(await deliveries(rounds)), await memory(), validations(rounds)];
  },
};

async function deliveries(rounds: number): Promise<readonly Figure[]> {
  await using sink = await Sink.start();
  await using postfix = await Postfix.start({ relayTo: sink.port });
  await using node = await SendingNode.start(sink.port);
  const rates: { ours: number[]; source: number[]; postfix: number[]; acceptMs: number[]; written: number[] } = {
    ours: [],
    source: [],
    postfix: [],
    acceptMs: [],
    written: [],
  };
  for (let round = 0; round <= rounds; round += 1) {
    const acceptMs: number[] = [];
    const writtenBefore = node.writtenBytes();
    const ours = await perSecond(() => sink.takes(MESSAGES, () => node.deliver(MESSAGES, acceptMs)));
    const source = await perSecond(() => sink.takes(MESSAGES, () => smtpSource(sink.port)));
    const both = await perSecond(() => sink.takes(MESSAGES, () => smtpSource(postfix.port)));
    // The first round warms all of them up.
    if (round === 0) continue;
    rates.written.push((node.writtenBytes() - writtenBefore) / MESSAGES / 1_024);
    rates.ours.push(ours);
    rates.source.push(source);
    rates.postfix.push(both);
    rates.acceptMs.push(...acceptMs);
  }
  const [ours, real] = [median(rates.ours), median(rates.postfix)];
  const p99Ms = quantile(rates.acceptMs, 0.99);
  const written = median(rates.written);
  return [
    {
      name: DELIVERED,
      value: ours,
      unit: '1/s',
      baseline: { name: 'Postfix, the same', value: real },
      target: '≥ 3 ×',
      kept: ours >= 3 * real,
    },
    {
      name: DELIVERED_BESIDE_SOURCE,
      value: ours,
      unit: '1/s',
      baseline: { name: 'smtp-source alone', value: median(rates.source) },
    },
    { name: WRITTEN, value: written, unit: 'KB', target: '≤ 8 KB', kept: written <= 8 },
    { name: ACCEPTED, value: p99Ms, unit: 'ms', target: '≤ 100 ms', kept: p99Ms <= 100 },
  ];
}

/** Ten requests with 25 MiB of attachment each at once; the most that the node's process ever had resident. */
async function memory(): Promise<Figure> {
  await using sink = await Sink.start();
  await using node = await SendingNode.start(sink.port);
  const content = Buffer.alloc(25 * MIB, 'attachment ').toString('base64');
  const body = JSON.stringify({
    agentId: 'ann',
    to: 'bob@mail.example.com',
    subject: 'x',
    body: 'x',
    attachments: [{ filename: 'a.bin', content }],
  });
  const client = new Agent({ connections: 10 });
  const sendOne = async () => {
    const { statusCode, body: answer } = await request(`${node.url}/api/email/send`, {
      method: 'POST',
      dispatcher: client,
      headers: { 'content-type': 'application/json' },
      body,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    await answer.dump();
    if (statusCode !== 202) throw new Error(`A large attachment was answered ${statusCode}.`);
  };
  await sink.takes(10, () => Promise.all(Array.from({ length: 10 }, sendOne)));
  await client.close();
  const mb = node.peakMb();
  return {
    name: ATTACHMENTS,
    value: mb,
    unit: 'MB',
    target: '≤ 200 MB',
    kept: mb <= 200,
  };
}

function validations(rounds: number): Figure {
  const addresses = Array.from({ length: 20_000 }, (_, at) =>
    at % 4 === 0 ? `Jörg.${at}@bücher-${at}.example.com` : `agent.${at}@mail-${at}.example.com`,
  );
  const rates = Array.from({ length: rounds + 1 }, () => {
    const startedMs = performance.now();
    for (const address of addresses) validateEmail(address);
    return addresses.length / ((performance.now() - startedMs) / 1_000);
  }).slice(1);
  return {
    name: VALIDATED,
    value: median(rates),
    unit: '1/s',
    target: '≥ 50,000/s',
    kept: median(rates) >= 50_000,
  };
}

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return MESSAGES / ((performance.now() - startedMs) / 1_000);
}

function smtpSource(port: number): Promise<unknown> {
  const options = [
    '-s',
    String(CONNECTIONS),
    '-m',
    String(MESSAGES),
    '-l',
    String(BODY_BYTES),
    '-f',
    'ann@mail.example.com',
    '-t',
    'bob@mail.example.com',
  ];
  return run('smtp-source', [...options, `127.0.0.1:${port}`]);
}

class SendingNode implements AsyncDisposable {
  readonly #mesh: ProcessMesh;
  readonly #host: HostProcess;
  readonly #client = new Agent({ connections: AT_ONCE, pipelining: 1 });

  private constructor(mesh: ProcessMesh, host: HostProcess) {
    this.#mesh = mesh;
    this.#host = host;
  }

  static async start(port: number): Promise<SendingNode> {
    const mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
    const file = join(mesh.directory, 'accounts.json');
    const account = {
      id: 'sink',
      host: '127.0.0.1',
      port,
      security: 'none',
      connectionsMax: CONNECTIONS,
      ratePerHour: 100_000_000,
    };
    writeFileSync(file, JSON.stringify({ accounts: [account], agentRatePerHour: 100_000_000 }), { mode: 0o600 });
    const host = mesh.host('mac');
    host.environment = { MESH_SEND_ACCOUNTS: file };
    await mesh.start();
    const node = new SendingNode(mesh, host);
    const agent = { id: 'ann', name: 'ann', tools: { email: { addresses: [{ address: 'ann@mail.example.com' }] } } };
    await node.#post('/api/agents', JSON.stringify(agent));
    return node;
  }

  get url(): string {
    return this.#host.url;
  }

  /** Sends so many messages, and resolves when all are accepted. */
  async deliver(count: number, acceptMs: number[]): Promise<void> {
    const body = JSON.stringify({
      agentId: 'ann',
      to: 'bob@mail.example.com',
      subject: 'Benchmark',
      body: `${'x'.repeat(70)}\r\n`.repeat(BODY_BYTES / 72),
    });
    let left = count;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left > 0) {
          left -= 1;
          const startedMs = performance.now();
          await this.#post('/api/email/send', body);
          acceptMs.push(performance.now() - startedMs);
        }
      }),
    );
  }

  /** What the process has handed to the disk since it began. */
  writtenBytes(): number {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${this.#host.pid}/io`, 'utf8'))?.[1]);
  }

  peakMb(): number {
    const status = readFileSync(`/proc/${this.#host.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.#mesh[Symbol.asyncDispose]();
  }

  async #post(path: string, body: string): Promise<void> {
    const answer = await request(this.url + path, {
      method: 'POST',
      dispatcher: this.#client,
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`${path} was answered ${answer.statusCode}.`);
  }
}
