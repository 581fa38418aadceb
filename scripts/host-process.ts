// A mesh of real node processes on loopback, each with its own port and data directory: for the demo, the benchmarks and the
// live tests. Processes are ended by the ids that were started here, never by name.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { V8_FLAGS } from '../node/system/v8-flags.ts';

export const MAIN = fileURLToPath(new URL('../node/main.ts', import.meta.url));
/** A start takes two seconds, and fifteen times that where other programs hold the cores and the disk. */
const READY_MS_MAX = 90_000;
/** Only ends what hangs: a node ends within some ten seconds by bounds of its own, which a busy machine keeps late. */
const STOP_MS_MAX = 60_000;

export interface HostSpec {
  readonly id: string;
  /** Where it listens; absent: at a free port of 127.0.0.1. */
  readonly url?: string;
  /** Further members of its entry in hosts.json. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

export interface MeshOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** The program's main file; absent: this one's. */
  readonly main?: string;
}

/** One host: its process may be killed and started again on the same data. */
export class HostProcess {
  readonly id: string;
  readonly url: string;
  readonly dataDirectory: string;
  /** The line it printed when it was ready. */
  ready = '';
  /** The log, as far as it was printed. */
  log = '';
  readonly #arguments: readonly string[];
  /** Variables of its next start, beside those of this process. */
  environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  constructor(id: string, url: string, directory: string, { environment = {}, flags = [], main = MAIN }: MeshOptions) {
    this.id = id;
    this.url = url;
    this.dataDirectory = join(directory, `data-${id}`);
    this.#arguments = [
      main,
      '--hosts',
      join(directory, 'hosts.json'),
      '--host',
      id,
      '--data',
      this.dataDirectory,
      ...flags,
    ];
    this.environment = environment;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the node has printed its ready line; rejects with its log when it ended instead. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [...V8_FLAGS, ...this.#arguments], {
      env: { ...cleanEnvironment(), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.log = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`Host '${this.id}' ended with ${code} before it was ready:\n${this.log}`);
    });
    const late = new Promise<never>((_, reject) => {
      setTimeout(
        () => reject(new Error(`Host '${this.id}' was not ready after ${READY_MS_MAX} ms:\n${this.log}`)),
        READY_MS_MAX,
      ).unref();
    });
    [this.ready] = (await Promise.race([once(lines, 'line'), ended, late])) as [string];
  }

  /** Resolves once its log since the start holds these words. */
  async logged(words: string): Promise<void> {
    while (!this.log.includes(words)) {
      if (!this.#child?.stderr) throw new Error(`Host '${this.id}' is not running.`);
      await once(this.#child.stderr, 'data');
    }
  }

  /** `kill -9`: nothing it held in memory survives. Resolves when it is gone. */
  kill(): Promise<number | null> {
    return this.end('SIGKILL');
  }

  /** SIGTERM; resolves with its exit code, or with `null` when it took longer than it may and was killed. */
  stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends it a signal; resolves with its exit code, when it is gone. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    const [code] = await exited;
    clearTimeout(late);
    return code;
  }
}

/** Several hosts that share a hosts.json, in a directory of their own that is removed with them. */
export class ProcessMesh implements AsyncDisposable {
  readonly directory: string;
  readonly hosts: readonly HostProcess[];

  private constructor(directory: string, hosts: readonly HostProcess[]) {
    this.directory = directory;
    this.hosts = hosts;
  }

  /** Writes hosts.json with free ports; starts nothing yet. */
  static async create(specs: readonly HostSpec[], options: MeshOptions = {}): Promise<ProcessMesh> {
    const directory = await mkdtemp(join(tmpdir(), 'agent-email-mesh-'));
    const ports = (await freePorts(specs.filter(({ url }) => url === undefined).length)).values();
    const entries = specs.map(({ id, url, entry }) => ({
      ...{ id, url: url ?? `http://127.0.0.1:${ports.next().value}` },
      ...entry,
    }));
    await writeFile(join(directory, 'hosts.json'), JSON.stringify({ hosts: entries }, null, 2));
    const hosts = entries.map(({ id, url }) => new HostProcess(id, url, directory, options));
    return new ProcessMesh(directory, hosts);
  }

  async start(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.start()));
  }

  host(id: string): HostProcess {
    const host = this.hosts.find((one) => one.id === id);
    if (host === undefined) throw new Error(`This mesh has no host '${id}'.`);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.kill()));
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Below the ports that systems give to outgoing connections (Linux: from 32,768), which would take one while its host is down. */
const PORTS_FROM = 15_000;
/** Processes that look for ports at the same time look in different places: the workers of one run of tests always, and others never in theirs. */
const PLACES = 60;
const PORTS_PER_PLACE = 280;
let portsGiven = 0;

/**
 * Vitest numbers its workers from 1 on; their ids may be equal but for a multiple of the places. The even ones are theirs: what a worker starts
 * looks in an odd one, if it is not told the worker's number.
 */
export function placeOf({ pid, ppid, env }: Pick<NodeJS.Process, 'pid' | 'ppid' | 'env'>): number {
  const worker = env.VITEST_POOL_ID;
  return worker === undefined ? (2 * pid + 1) % PLACES : (2 * (ppid + Number(worker))) % PLACES;
}

/** Ports that were free a moment ago, and that this process gives nobody else for a while. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries === PORTS_PER_PLACE) throw new Error(`There are no ${count} free ports from ${PORTS_FROM} on.`);
    const port = PORTS_FROM + placeOf(process) * PORTS_PER_PLACE + (portsGiven % PORTS_PER_PLACE);
    portsGiven += 1;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const outcome = new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true));
    server.once('error', () => resolve(false));
  });
  server.listen(port, '127.0.0.1');
  if (!(await outcome)) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** This process's environment without the settings of a node, and with compiled modules kept, which vitest forbids where it measures coverage. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isOfTests = (name: string) => name.startsWith('MESH_') || name === 'NODE_DISABLE_COMPILE_CACHE';
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfTests(name)));
}
