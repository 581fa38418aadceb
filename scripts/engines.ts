// Real engines of one's own, for tests and benchmarks: etcd and PostgreSQL on free ports of loopback, their data in a directory that
// goes with them. Ended by the ids that were started here.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from './host-process.ts';
import { isOpen } from './open-port.ts';

const run = promisify(execFile);
const START_MS_MAX = 30_000;
const POSTGRES_HOMES = '/usr/lib/postgresql';

/** Why the tests with etcd are skipped here; `undefined` when they are not. */
export function whyNoEtcd(): string | undefined {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'etcd is not installed (apt-get install etcd-server)';
  }
}

export function whyNoPostgres(): string | undefined {
  if (postgresHome() === undefined) return 'PostgreSQL is not installed (apt-get install postgresql)';
  return undefined;
}

/** One engine; it can be killed and started again on its data. */
abstract class Engine implements AsyncDisposable {
  readonly port: number;
  protected readonly directory: string;
  #child: ChildProcess | undefined;

  constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
  }

  protected abstract command(): { readonly file: string; readonly args: readonly string[] };

  async start(): Promise<void> {
    const { file, args } = this.command();
    const child = spawn(file, args, { stdio: 'ignore', detached: true });
    this.#child = child;
    for (const endMs = Date.now() + START_MS_MAX; Date.now() < endMs; ) {
      if (await this.isReady()) return;
      await pause(50);
    }
    throw new Error(`${file} did not start on port ${this.port}.`);
  }

  /** Whether it answers. */
  protected isReady(): Promise<boolean> {
    return isOpen(this.port);
  }

  /** `kill -9`, of all processes that it began. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    this.signal('SIGKILL');
    this.#child = undefined;
    await exited;
  }

  /** PostgreSQL's own processes leave its group, so each is told; it is held meanwhile, so that it starts no further ones. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    tell(pid, 'SIGSTOP');
    for (const one of [...childrenOf(pid), pid]) tell(one, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface Member {
  readonly name: string;
  readonly port: number;
  readonly peerPort: number;
}

export interface EtcdOptions {
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly flags?: readonly string[];
}

/** One member, of a cluster of one or more. */
export class Etcd extends Engine {
  readonly #member: Member;
  readonly #all: readonly Member[];
  readonly #options: EtcdOptions;

  private constructor(member: Member, all: readonly Member[], options: EtcdOptions) {
    super(mkdtempSync(join(tmpdir(), 'mesh-etcd-')), member.port);
    this.#member = member;
    this.#all = all;
    this.#options = options;
  }

  static async create(options: EtcdOptions = {}): Promise<Etcd> {
    const [etcd] = await Etcd.createCluster(1, options);
    return etcd as Etcd;
  }

  static async createCluster(count: number, options: EtcdOptions = {}): Promise<readonly Etcd[]> {
    const ports = await freePorts(2 * count);
    const all = Array.from({ length: count }, (_, at) => ({
      name: `m${at}`,
      port: ports[2 * at] ?? 0,
      peerPort: ports[2 * at + 1] ?? 0,
    }));
    const members = all.map((member) => new Etcd(member, all, options));
    await Promise.all(members.map((member) => member.start()));
    return members;
  }

  get url(): string {
    return `etcd://127.0.0.1:${this.port}`;
  }

  protected command() {
    const { name, port, peerPort } = this.#member;
    const { tls, flags = [] } = this.#options;
    const client = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    const cluster = this.#all.map((one) => `${one.name}=http://127.0.0.1:${one.peerPort}`).join(',');
    const certified = tls === undefined ? [] : ['--cert-file', tls.certificate, '--key-file', tls.key];
    const names = ['--data-dir', join(this.directory, 'data'), '--name', name, '--initial-cluster', cluster];
    const clients = ['--listen-client-urls', client, '--advertise-client-urls', client];
    const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer];
    return { file: 'etcd', args: [...names, ...clients, ...peers, '--log-level', 'error', ...certified, ...flags] };
  }
}

/** Three members, of which one at a time gets into trouble: the others go on. */
export class EtcdCluster implements AsyncDisposable {
  readonly #members: readonly Etcd[];
  /** The engine whose turn it is; the next one's after it was mended. */
  #turn = 0;

  private constructor(members: readonly Etcd[]) {
    this.#members = members;
  }

  static async create(): Promise<EtcdCluster> {
    return new EtcdCluster(await Etcd.createCluster(3));
  }

  get url(): string {
    return `etcd://${this.#members.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  kill(): Promise<void> {
    return this.#member.kill();
  }

  async start(): Promise<void> {
    await this.#member.start();
    this.#turn += 1;
  }

  signal(signal: NodeJS.Signals): void {
    this.#member.signal(signal);
    if (signal === 'SIGCONT') this.#turn += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member[Symbol.asyncDispose]()));
  }

  get #member(): Etcd {
    return this.#members[this.#turn % this.#members.length] as Etcd;
  }
}

export class Postgres extends Engine {
  static async create(): Promise<Postgres> {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-postgres-'));
    const [port = 0] = await freePorts(1);
    await using unready = new AsyncDisposableStack();
    const postgres = unready.use(new Postgres(directory, port));
    const data = join(directory, 'data');
    // It refuses to run as root, and has a user of its own where it was installed.
    if (process.getuid?.() === 0) await chown(directory, await idOf('-u'), await idOf('-g'));
    const { file, args } = asItself('initdb', [
      '-D',
      data,
      '-A',
      'trust',
      '-U',
      'mesh',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    ]);
    await run(file, args);
    await postgres.start();
    await run(join(postgresHome() ?? '', 'createdb'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'mesh', 'mesh']);
    unready.move();
    return postgres;
  }

  get url(): string {
    return `postgres://mesh@127.0.0.1:${this.port}/mesh`;
  }

  protected command() {
    const data = join(this.directory, 'data');
    const options = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${this.directory}`];
    // What is left of one that was killed; nobody else can have it, the directory is ours.
    return asItself('postgres', ['-D', data, '-p', String(this.port), ...options]);
  }

  /** Takes clients: it listens before it does, and refuses them while it reads what the last run left. */
  protected override isReady(): Promise<boolean> {
    const server = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'mesh', '-d', 'postgres'];
    return run(join(postgresHome() ?? '', 'pg_isready'), server).then(
      () => true,
      () => false,
    );
  }
}

function asItself(program: string, args: readonly string[]) {
  const path = join(postgresHome() ?? '', program);
  if (process.getuid?.() !== 0) return { file: path, args };
  return { file: 'setpriv', args: ['--reuid=postgres', '--regid=postgres', '--clear-groups', path, ...args] };
}

/** Debian keeps its programs by version, outside of the path. */
function postgresHome(): string | undefined {
  const versions = existsSync(POSTGRES_HOMES) ? readdirSync(POSTGRES_HOMES).sort((a, b) => Number(b) - Number(a)) : [];
  return versions
    .map((version) => join(POSTGRES_HOMES, version, 'bin'))
    .find((home) => existsSync(join(home, 'initdb')));
}

async function idOf(flag: string): Promise<number> {
  return Number((await run('id', [flag, 'postgres'])).stdout);
}

function childrenOf(pid: number): readonly number[] {
  const all = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return all.map(Number).filter((one) => parentOf(one) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
