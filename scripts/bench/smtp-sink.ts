// Postfix's own sink, the least that a server can do for a mail: takes everything, keeps nothing, and counts.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../host-process.ts';
import { isOpen } from '../open-port.ts';

export class Sink implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  /** Messages that it has taken, as it last said. */
  #taken = 0;
  #heard: () => void = () => undefined;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    let rest = '';
    child.stdout?.setEncoding('latin1').on('data', (said: string) => {
      rest += said;
      const counts = [...rest.matchAll(/mesg= *(\d+)\r/g)];
      const last = counts.at(-1);
      if (last === undefined) return;
      this.#taken = Number(last[1]);
      rest = rest.slice(last.index + last[0].length);
      this.#heard();
    });
  }

  static async start(): Promise<Sink> {
    const [port = 0] = await freePorts(1);
    const child = spawn('smtp-sink', ['-c', '-u', 'postfix', `127.0.0.1:${port}`, '1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for (let tries = 0; !(await isOpen(port)) && tries < 200; tries += 1) await pause(25);
    return new Sink(port, child);
  }

  /** Does the work, and waits until the sink has taken so many messages more. */
  async takes(count: number, work: () => Promise<unknown>): Promise<void> {
    const until = this.#taken + count;
    const taken = new Promise<void>((resolve) => {
      this.#heard = () => {
        if (this.#taken >= until) resolve();
      };
    });
    await work();
    await taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await new Promise((resolve) => this.#child.once('exit', resolve));
  }
}
