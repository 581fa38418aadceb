// A mesh whose machine is kept busy by other programs for a while: how many hosts the measured one takes for gone meanwhile, and how long it takes to
// find all of them again once the machine is free.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { systemClock } from '../../node/system/clock.ts';
import { type IdleMesh, saidBy } from './idle-mesh.ts';

const LOAD_MS = 30_000;
/** Busy programs beside the mesh: each process of it has a ninth of a core. */
const PROGRAMS_A_CORE = 8;
const LOOK_MS = 500;
const FOUND_AGAIN_MS_MAX = 180_000;

export interface Recovered {
  /** The most that were taken for gone at once, under the load or after it. */
  readonly missing: number;
  /** From the end of the load until all were found; `Infinity`: not within `FOUND_AGAIN_MS_MAX`. */
  readonly tookMs: number;
}

/** `peers`: how many others the mesh has. */
export async function recoverFromLoad({ measured: { url } }: IdleMesh, peers: number): Promise<Recovered> {
  let missing = 0;
  const look = async () => {
    // A host that has too much to do may close a connection while it is asked over it.
    const said = await saidBy(url).catch(() => undefined);
    if (said !== undefined) missing = Math.max(missing, peers - said.online);
    return said?.ready === 200 && said.online >= peers;
  };
  const load = Array.from({ length: PROGRAMS_A_CORE * availableParallelism() }, keepBusy);
  const loadEndsMs = systemClock.monotonicMs() + LOAD_MS;
  while (systemClock.monotonicMs() < loadEndsMs) {
    await look();
    await systemClock.sleep(LOOK_MS);
  }
  await Promise.all(load);
  const sinceMs = systemClock.monotonicMs();
  const passedMs = () => systemClock.monotonicMs() - sinceMs;
  while (passedMs() < FOUND_AGAIN_MS_MAX) {
    if (await look()) return { missing, tookMs: passedMs() };
    await systemClock.sleep(LOOK_MS);
  }
  return { missing, tookMs: Number.POSITIVE_INFINITY };
}

/** Resolves when the program, which ends by itself, is gone. */
async function keepBusy(): Promise<void> {
  const program = spawn(process.execPath, ['-e', `for (const end = Date.now() + ${LOAD_MS}; Date.now() < end; );`]);
  await once(program, 'exit');
}
