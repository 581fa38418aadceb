// How long a node with many addresses takes from its process's birth to its ready line, and how much memory it then has, beside the same node
// with no address at all.

import pLimit from 'p-limit';
import { parseAgentId } from '../../mesh/names.ts';
import { KnownAddresses } from '../../node/dns/known-addresses.ts';
import { createNameResolver } from '../../node/dns/name-resolver.ts';
import { createNode } from '../../node/node.ts';
import { createCallOnce } from '../../node/peers/connections/call-once.ts';
import { createPeerTransport } from '../../node/peers/peer-transport.ts';
import { RosterWatch } from '../../node/peers/roster-watch.ts';
import { SENDING_OFF } from '../../node/send/account.ts';
import { openStore } from '../../node/store/disk-store.ts';
import { systemClock } from '../../node/system/clock.ts';
import { openHostKey } from '../../node/system/host-key.ts';
import { systemRandom } from '../../node/system/random.ts';
import { ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { residentMbOf } from './grown-host.ts';
import { sendingOffPorts } from './sending-off.ts';

/** What we promise of a node with so many addresses. */
const PROMISED: readonly Promised[] = [{ addresses: 100_000, start: { ratioMax: 2 }, residentMb: 250 }];
const PROMISED_IN_FULL: readonly Promised[] = [{ addresses: 1_000_000, start: { msMax: 5_000 }, residentMb: 600 }];
const ADDRESSES_PER_AGENT = 10;
/** After its ready line a node compacts its heap, once. */
const SETTLED_MS = 2_000;

interface Promised {
  readonly addresses: number;
  /** Beside a start with none, or by itself. */
  readonly start: { readonly ratioMax: number } | { readonly msMax: number };
  readonly residentMb: number;
}

export const startBenchmark: Benchmark = {
  name: 'start',
  about:
    "How long a node with many addresses takes from its process's birth to its ready line, and how much memory it then has, beside the same node with none.",
  figures: PROMISED.flatMap(namesOf),
  figuresInFull: PROMISED_IN_FULL.flatMap(namesOf),
  async run(rounds, { full = false } = {}) {
    const figures: Figure[] = [];
    for (const promised of [...PROMISED, ...(full ? PROMISED_IN_FULL : [])])
      figures.push(...(await measure(promised, rounds)));
    return figures;
  },
};

function namesOf({ addresses }: Promised): readonly [start: string, resident: string] {
  const name = `with ${addresses.toLocaleString('en')} addresses`;
  return [`start ${name}`, `resident memory ${name}`];
}

async function measure(promised: Promised, rounds: number): Promise<readonly Figure[]> {
  await using empty = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
  await using full = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
  await fill(full.host('mac').dataDirectory, promised.addresses);
  const [emptyMs, fullMs, emptyMb, fullMb]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const [mesh, tookMs, residentMb] of [
      [empty, emptyMs, emptyMb],
      [full, fullMs, fullMb],
    ] as const) {
      const host = mesh.host('mac');
      const startMs = performance.now();
      await host.start();
      tookMs.push(performance.now() - startMs);
      await systemClock.sleep(SETTLED_MS);
      residentMb.push(await residentMbOf(host.pid));
      await host.stop();
    }
  }
  const [started, resident] = namesOf(promised);
  return [
    {
      ...{ name: started, value: median(fullMs), unit: 'ms' },
      baseline: { name: 'start with none', value: median(emptyMs) },
      ...startPromise(promised, { emptyMs: median(emptyMs), fullMs: median(fullMs) }),
    },
    {
      ...{ name: resident, value: median(fullMb), unit: 'MB' },
      baseline: { name: 'with none', value: median(emptyMb) },
      target: `≤ ${promised.residentMb} MB`,
      kept: median(fullMb) <= promised.residentMb,
    },
  ];
}

function startPromise(
  { start }: Promised,
  { emptyMs, fullMs }: { readonly emptyMs: number; readonly fullMs: number },
): Pick<Figure, 'target' | 'kept'> {
  if ('msMax' in start) return { target: `≤ ${start.msMax.toLocaleString('en')} ms`, kept: fullMs <= start.msMax };
  return { target: `≤ ${start.ratioMax} × with none`, kept: fullMs <= start.ratioMax * emptyMs };
}

/** Registers agents until the node with this data owns so many addresses, through the same code that the API calls. */
export async function fill(directory: string, count: number): Promise<void> {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const text = JSON.stringify({ hosts: [{ id: 'mac', url: 'http://127.0.0.1:9' }] });
  const roster = new RosterWatch(text, { id: 'mac', hostName: 'mac' }, log);
  const store = await openStore({ directory, log });
  const signer = await openHostKey({ directory, store });
  const resolveOutside = createNameResolver({ clock: systemClock });
  const addresses = new KnownAddresses(resolveOutside, systemClock);
  const ports = {
    ...{ store, clock: systemClock, random: systemRandom, log, signer, addresses },
    ...{ callOnce: createCallOnce(addresses), resolveOutside },
    ...(await sendingOffPorts(systemClock, log)),
  };
  const config = {
    allowSingleLabel: false,
    allowIpLiteral: false,
    webhookAllow: [],
    logDays: 7,
    indexScope: 'host',
    legacy: 'detect',
  } as const;
  const secrets = { token: undefined, readToken: undefined, meshSecret: undefined };
  const node = await createNode(
    { config, secrets, send: SENDING_OFF, roster, version: '0', listening: () => ({ ip: '127.0.0.1', port: 9 }) },
    {
      ...ports,
      transport: (keys, hostOf) => createPeerTransport({ ...ports, self: roster.current().self.id, hostOf, keys }),
    },
  );
  node.start();
  const atOnce = pLimit(256);
  await Promise.all(
    Array.from({ length: count / ADDRESSES_PER_AGENT }, (_, number) =>
      atOnce(async () => {
        const id = parseAgentId(`agent-${number}`);
        const addresses = Array.from({ length: ADDRESSES_PER_AGENT }, (_, index) => ({
          address: `address-${index}.of-${number}@bench.example.com`,
          displayName: `Agent ${number}`,
        }));
        await node.registry.agents.create({
          name: `agent-${number}`,
          ...(id === undefined ? {} : { id }),
          tools: { email: { addresses } },
        });
      }),
    ),
  );
  await node[Symbol.asyncDispose]();
  await store.close();
}
