// The gateway of the root's README, taken out of it, in a process of its own with this package installed beside it: it says what it was told of.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { installPackage } from './installed-package.ts';
import type { Variables } from './readme-shell.ts';

const ROOT = join(import.meta.dirname, '..', '..');

interface GatewayOptions {
  readonly port: number;
  readonly secret: string;
  readonly clock: Variables;
}

export class ReadmeGateway implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** `directory`: made for it. `clock`: what gives it another hour. Resolves when it listens. */
  static async start(directory: string, { port, secret, clock }: GatewayOptions): Promise<ReadmeGateway> {
    const code = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
    if (code === undefined) throw new Error('The README has no gateway in TypeScript.');
    mkdirSync(directory, { recursive: true });
    await installPackage(directory);
    writeFileSync(join(directory, 'gateway.mts'), code);
    const listening = `import { gateway } from './gateway.mts';
gateway(process.env.SECRET).listen(${port}, '127.0.0.1', () => console.log('listening'));`;
    writeFileSync(join(directory, 'main.mts'), listening);
    const child = spawn(process.execPath, ['main.mts'], {
      cwd: directory,
      env: { PATH: process.env.PATH ?? '', SECRET: secret, ...clock },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gateway = new ReadmeGateway(child, createInterface({ input: child.stdout as NodeJS.ReadableStream }));
    await gateway.said();
    return gateway;
  }

  /** What it says next. */
  async said(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('The gateway of the README has ended.');
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
