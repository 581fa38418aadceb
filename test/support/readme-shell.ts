// The commands of the root's README, typed as they are printed, in a place of their own: other directories and ports, and in place of the dots of
// an example the words that a command before it printed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { freePorts } from '../../scripts/host-process.ts';
import { LIVE_MS_MAX } from './time-bounds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAUNCHER = join(ROOT, 'node', 'mesh.js');
const PRINTED_FOLDER = '/tmp/mesh';
/** Of the three hosts, and of a gateway. */
const PRINTED_PORTS = [23_001, 23_002, 23_003, 8_080];
const EXAMPLE_LINE = /mesh join-mesh \S+ --fingerprint \S+ --token \S+/;

export type Variables = Readonly<Record<string, string>>;

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** The commands under a heading of a paper, a line each, without comments. */
export function readmeCommands(heading: string, paper = 'README.md'): readonly string[] {
  const readme = readFileSync(join(ROOT, paper), 'utf8');
  const section = readme.slice(readme.search(new RegExp(`^#+ ${heading}$`, 'm'))).slice(1);
  const block = /^```sh\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? '';
  return block
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''));
}

/** A shell in which the README is followed. Disposing ends every node that was started in it. */
export class ReadmeShell implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'mesh-readme-'));
  readonly #ports: readonly number[];
  /** As npx has it. */
  readonly #environment: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: this.folder,
    npm_lifecycle_event: 'npx',
  };
  readonly #nodes = new Map<string, ChildProcess>();

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  static async open(): Promise<ReadmeShell> {
    return new ReadmeShell(await freePorts(PRINTED_PORTS.length));
  }

  /** What is written with the README's directories and ports, which may be in use, with those of this shell. */
  placed(words: string): string {
    const ports = PRINTED_PORTS.map((printed, at) => [`:${printed}`, `:${this.#ports[at]}`] as const);
    return ports.reduce(
      (all, [printed, own]) => all.replaceAll(printed, own),
      words.replaceAll(PRINTED_FOLDER, this.folder).replaceAll('~/', `${this.folder}/`),
    );
  }

  /** A variable that each later command has. */
  set(name: string, value: string): void {
    this.#environment[name] = value;
  }

  /** A command that ends. `variables`: what it has besides. */
  async run(command: string, variables: Variables = {}): Promise<Ended> {
    const words = this.#words(command);
    if (words[0] === 'export') {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(words[1] ?? '') ?? [];
      this.set(name, value);
      return { out: '', err: '', code: 0 };
    }
    const child = this.#spawn(words, variables);
    const [out, err, [code]] = await Promise.all([
      text(child.stdout as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { out, err, code };
  }

  /**
   * A command that goes on as a node; resolves with the line that says that it is ready. `printed`: the line for the next machine, in place
   * of the README's example of one.
   */
  async start(command: string, printed = ''): Promise<string> {
    const line = EXAMPLE_LINE.exec(printed)?.[0];
    const words = this.#words(line === undefined ? command : command.replace(EXAMPLE_LINE, line));
    const child = this.#spawn(words);
    let err = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    this.#nodes.set(words[words.indexOf('--data') + 1] ?? '', child);
    for await (const said of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
      if (said.includes('is ready at')) return said;
    throw new Error(`'${command}' ended before it was ready:\n${err}`);
  }

  /** Stops the node with that data directory, as the README prints it. */
  async stop(directory: string): Promise<void> {
    const child = this.#nodes.get(this.placed(directory));
    if (child === undefined) throw new Error(`No node was started in ${directory}.`);
    await end(child);
  }

  /** Repeats a command until its words fit; the last try's, when they never do: hosts miss each other after a while, however quick the tries are. */
  async until(command: string, fits: (ended: Ended) => boolean): Promise<Ended> {
    let ended = await this.run(command);
    for (const endMs = Date.now() + LIVE_MS_MAX; !fits(ended) && Date.now() < endMs; ) ended = await this.run(command);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes.values()].map(end));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn([program = '', ...words]: readonly string[], variables: Variables = {}): ChildProcess {
    const [file, given] = program === 'npx' ? [process.execPath, [LAUNCHER, ...words.slice(1)]] : [program, [...words]];
    return spawn(file, given, {
      cwd: this.folder,
      env: { ...this.#environment, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #words(command: string): readonly string[] {
    const words = this.placed(command).split(' ');
    if (!/^(?:export|mv|cp|npx mesh) /.test(command)) throw new Error(`'${command}' is no command of the README.`);
    return words;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
