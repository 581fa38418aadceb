// Runs test/support/store-writer.ts as a process of its own, and hears what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./store-writer.ts', import.meta.url));

export interface WriterOptions {
  readonly directory: string;
  /** The number of its first commit. */
  readonly first?: number;
  /** No file may grow beyond so many KiB, as if a quota were spent. */
  readonly fileKiBMax?: number;
}

export class WriterProcess {
  /** Commits it was told are durable, in the order it heard. */
  readonly acknowledged: number[] = [];
  /** What it said when its store failed. */
  failure: string | undefined;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #heard = Promise.withResolvers<void>();

  constructor({ directory, first = 0, fileKiBMax }: WriterOptions) {
    const command = [process.execPath, SCRIPT, directory, String(first)];
    // The shell counts in units of 512 octets, as POSIX says.
    const limit = fileKiBMax === undefined ? '' : `ulimit -f ${fileKiBMax * 2}; `;
    this.#process = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#process, 'close');
    if (this.#process.stdout) createInterface(this.#process.stdout).on('line', (line) => this.#hear(line));
    this.#process.on('close', () => this.#heard.resolve());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves when so many commits were acknowledged, or when it has ended. */
  async acknowledges(count: number): Promise<void> {
    while (this.acknowledged.length < count && this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#heard = Promise.withResolvers();
      await this.#heard.promise;
    }
  }

  /** Ends it as `kill -9` does, and hears it out. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Its exit code, once it has ended by itself. */
  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.#process.exitCode;
  }

  #hear(line: string): void {
    if (/^\d+$/.test(line)) this.acknowledged.push(Number(line));
    else if (line.startsWith('failed: ')) this.failure = line.slice('failed: '.length);
    this.#heard.resolve();
  }
}
