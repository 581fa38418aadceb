// One running host as `growth` looks at it: its memory, what an address that it is asked for costs it, how long a claim takes, and what it costs
// while nobody asks for anything.
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { systemClock } from '../../node/system/clock.ts';
import type { HostProcess } from '../host-process.ts';
import { median } from './figure.ts';
import { processCpuMs } from './idle-mesh.ts';

const LOOK_UPS = 3_000;
const LOOK_UPS_AT_ONCE = 16;
const CLAIMS = 40;
const CLAIMS_WARM = 10;
/** A busy machine may let the time of a claim pass: it is answered 503, and made again. */
const CLAIM_TRIES = 5;

export interface Grown {
  readonly residentMb: number;
  readonly lookUpCpuUs: number;
  readonly claimMs: number;
  /** Percent of one core. */
  readonly idleShare: number;
  /** Read and written, to the network above all. */
  readonly idleKibPerSecond: number;
}

/** What of it is asked for is an address that nobody has. `idleMs`: how long the host is left alone. */
export async function lookAt(host: HostProcess, idleMs: number): Promise<Grown> {
  const residentMb = await residentMbOf(host.pid);
  const idle = await idleOf(host, idleMs);
  const client = new Agent({ connections: LOOK_UPS_AT_ONCE, pipelining: 1 });
  try {
    const lookUpCpuUs = await lookUpCpuUsOf(host, client);
    return { residentMb, ...idle, lookUpCpuUs, claimMs: await claimMsOf(host, client) };
  } finally {
    await client.close();
  }
}

export function residentMbOf(pid: number | undefined): Promise<number> {
  return statusMb(pid, 'VmRSS');
}

/** The most that was resident so far. */
export function peakMbOf(pid: number | undefined): Promise<number> {
  return statusMb(pid, 'VmHWM');
}

async function statusMb(pid: number | undefined, name: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1_024;
}

async function idleOf(host: HostProcess, idleMs: number): Promise<Pick<Grown, 'idleShare' | 'idleKibPerSecond'>> {
  const [startMs, cpuMs, octets] = [systemClock.monotonicMs(), await processCpuMs(host.pid), await octetsOf(host.pid)];
  await systemClock.sleep(idleMs);
  const tookMs = systemClock.monotonicMs() - startMs;
  return {
    idleShare: (100 * ((await processCpuMs(host.pid)) - cpuMs)) / tookMs,
    idleKibPerSecond: ((await octetsOf(host.pid)) - octets) / 1.024 / tookMs,
  };
}

/** Octets that the process has read and written so far, by its calls (Linux: proc(5), `io`). */
async function octetsOf(pid: number | undefined): Promise<number> {
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  return ['rchar', 'wchar'].reduce((sum, name) => sum + Number(new RegExp(`${name}: (\\d+)`).exec(io)?.[1]), 0);
}

async function lookUpCpuUsOf(host: HostProcess, client: Agent): Promise<number> {
  const ask = async (number: number) => {
    const { body } = await request(`${host.url}/api/agents/email-index?address=nobody-${number}%40growth.example`, {
      dispatcher: client,
    });
    await body.dump();
  };
  const askMany = async (from: number, count: number) => {
    const lane = async (at: number) => {
      for (let number = at; number < count; number += LOOK_UPS_AT_ONCE) await ask(from + number);
    };
    await Promise.all(Array.from({ length: LOOK_UPS_AT_ONCE }, (_, at) => lane(at)));
  };
  await askMany(0, LOOK_UPS);
  const beforeMs = await processCpuMs(host.pid);
  await askMany(LOOK_UPS, LOOK_UPS);
  return (1_000 * ((await processCpuMs(host.pid)) - beforeMs)) / LOOK_UPS;
}

async function claimMsOf(host: HostProcess, client: Agent): Promise<number> {
  const times: number[] = [];
  for (let number = 0; number < CLAIMS_WARM + CLAIMS; number += 1) {
    const startMs = await claimed(host, client, number);
    if (number >= CLAIMS_WARM) times.push(performance.now() - startMs);
  }
  return median(times);
}

/** Resolves once it is answered 201, with the time at which it was asked for that. */
async function claimed(host: HostProcess, client: Agent, number: number): Promise<number> {
  const address = `claimed-${number}@growth.example`;
  const body = JSON.stringify({ name: `growth-${number}`, tools: { email: { addresses: [{ address }] } } });
  for (let tried = 1; ; tried += 1) {
    const startMs = performance.now();
    const { statusCode, body: answer } = await request(`${host.url}/api/agents`, {
      ...{ method: 'POST', dispatcher: client, headers: { 'content-type': 'application/json' }, body },
    });
    const text = await answer.text();
    if (statusCode === 201) return startMs;
    if (statusCode !== 503 || tried === CLAIM_TRIES) throw new Error(`A claim was answered ${statusCode}: ${text}`);
  }
}
