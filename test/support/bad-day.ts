// Machines of a mesh on loopback, each with a directory and an environment of its own, on which `mesh doctor` is asked and what it says is
// typed as it stands.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import type { Finding } from '../../node/doctor/fault.ts';
import { freePorts, MAIN } from '../../scripts/host-process.ts';

type Environment = Readonly<Record<string, string>>;

/** `npx mesh` as the clone has it; whatever else a mend names is the machine's own. A node takes the place of the shell, and its signals. */
const preludeOf = (program: string, isStart: boolean) =>
  `npx() { shift; ${isStart ? 'exec ' : ''}${process.execPath} ${program} "$@"; }; set -e; `;
const SECRET = '0123456789abcdef0123456789abcdef';

export interface Diagnosed {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

export class Machine {
  readonly id: string;
  readonly url: string;
  readonly directory: string;
  readonly hostsFile: string;
  readonly data: string;
  environment: Environment;
  /** What runs there: of another clone when it has another version. */
  program = MAIN;
  /** Words that every command on it begins with. */
  inside: readonly string[] = [];
  #node: ChildProcess | undefined;

  constructor(id: string, url: string, parent: string) {
    this.id = id;
    this.url = url;
    this.directory = join(parent, id);
    mkdirSync(this.directory);
    this.hostsFile = join(this.directory, 'hosts.json');
    this.data = join(this.directory, 'data');
    const own = { MESH_HOSTS: this.hostsFile, MESH_HOST: id, MESH_DATA: this.data, MESH_URL: url, MESH_SECRET: SECRET };
    this.environment = { ...own, PATH: process.env.PATH ?? '', HOME: this.directory };
  }

  /** Resolves when the node has said that it is ready; rejects with what it said instead. */
  async start(more: Environment = {}): Promise<void> {
    await this.#run(this.#spawn([process.execPath, this.program, 'start'], more));
  }

  async stop(): Promise<void> {
    const node = this.#node;
    if (node === undefined || node.exitCode !== null || node.signalCode !== null) return;
    const ended = once(node, 'exit');
    node.kill('SIGTERM');
    await ended;
  }

  /** Asked again while a host did not answer in time: nothing here drops what is sent, and a busy machine keeps it waiting now and then. */
  async doctor(more: Environment = {}): Promise<Diagnosed> {
    for (;;) {
      const diagnosed = await this.#askDoctor(more);
      if (
        !diagnosed.findings.some(({ check, what }) => check === 'reach' && / \((?:timeout|\w+_TIMEOUT)\): /.test(what))
      )
        return diagnosed;
    }
  }

  async #askDoctor(more: Environment): Promise<Diagnosed> {
    const asked = this.#spawn([process.execPath, this.program, 'doctor', '--json'], more);
    const [out, err, [code]] = await Promise.all([textOf(asked.stdout), textOf(asked.stderr), once(asked, 'exit')]);
    if (out === '') throw new Error(`mesh doctor said nothing but: ${err}`);
    return { code, findings: JSON.parse(out).findings };
  }

  /** Types the mend on this machine. A node that it starts goes on, in place of the one that was there. `directory`: where it is typed. */
  async follow({ mend }: Finding, directory = this.directory): Promise<void> {
    const isStart = /npx mesh start/.test(mend);
    if (isStart) await this.stop();
    const shell = this.#spawn(['bash', '-c', preludeOf(this.program, isStart) + mend], {}, directory);
    if (isStart) return this.#run(shell);
    const [err, [code]] = await Promise.all([textOf(shell.stderr), once(shell, 'exit')]);
    if (code !== 0) throw new Error(`${mend} ended with ${code}: ${err}`);
  }

  async #run(node: ChildProcess): Promise<void> {
    this.#node = node;
    let said = '';
    const ready = Promise.withResolvers<void>();
    node.stderr?.on('data', (octets: Buffer) => {
      said += octets.toString();
    });
    node.stdout?.on('data', () => ready.resolve());
    node.once('exit', () => ready.reject(new Error(`The node of '${this.id}' ended: ${said}`)));
    await ready.promise;
  }

  #spawn(words: readonly string[], more: Environment, cwd = this.directory): ChildProcess {
    const [command = '', ...rest] = [...this.inside, ...words];
    return spawn(command, rest, { cwd, env: { ...this.environment, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

/** Of a stream that is piped. */
const textOf = (stream: Readable | null) => (stream === null ? '' : text(stream));

export interface BadDay {
  readonly directory: string;
  readonly machines: readonly Machine[];
  /** Writes the same hosts.json on all machines. `more`: members of the entries, by id. */
  list(more?: Readonly<Record<string, object>>): void;
}

/** Machines that are not started yet, each with the same hosts.json. They end with the test. */
export async function badDay(...ids: readonly string[]): Promise<BadDay> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-bad-day-'));
  const ports = await freePorts(ids.length);
  const machines = ids.map((id, at) => new Machine(id, `http://127.0.0.1:${ports[at]}`, directory));
  onTestFinished(async () => {
    await Promise.all(machines.map((machine) => machine.stop()));
    rmSync(directory, { recursive: true, force: true });
  });
  const list = (more: Readonly<Record<string, object>> = {}) => {
    const hosts = machines.map(({ id, url }) => ({ id, url, ...more[id] }));
    for (const { hostsFile } of machines) writeFileSync(hostsFile, JSON.stringify({ hosts }, null, 2), { mode: 0o600 });
  };
  list();
  return { directory, machines, list };
}

/** The machine at that place of the mesh. */
export const at = ({ machines }: BadDay, place: number): Machine => machines[place] as Machine;
/** All nodes run. */
export const started = async (day: BadDay) => {
  await Promise.all(day.machines.map((machine) => machine.start()));
  return day;
};
/** What was found, a check and its host each. */
export const checks = ({ findings }: Diagnosed) =>
  findings.map(({ check, host }) => (host === undefined ? check : `${check} ${host}`));
/** The finding of a check. Throws when there is none. */
export function found({ findings }: Diagnosed, check: string): Finding {
  const finding = findings.find((one) => one.check === check);
  if (finding === undefined) throw new Error(`Nothing was found by '${check}', only: ${JSON.stringify(findings)}`);
  return finding;
}
/**
 * Nothing is found. The node hears its peers within a moment of its start, and goes by an edited hosts.json within a moment of the edit: until then
 * it says what it knew before.
 */
export async function well(machine: Machine, environment = {}): Promise<void> {
  const mayPass = ({ check, host }: Finding) =>
    check === 'voters' || (check === 'own-node' && host !== undefined && host !== machine.id);
  for (;;) {
    const { code, findings } = await machine.doctor(environment);
    if (code === 0 || !findings.every(mayPass)) return expect(findings).toEqual([]);
  }
}
