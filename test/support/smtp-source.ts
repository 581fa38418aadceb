// smtp-source, Postfix's own generator of mail. It ends at the first connection that is lost, and so it is begun again. What it prints says which
// of its mails were answered 250: they go one after the other, so that those are the first ones.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const MAILS_PER_RUN = 200;
const MAIL_BYTES = 3_000;

/** Why tests with it are skipped here; `undefined` when they are not. */
export function whyNoSmtpSource(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const isThere = folders.some((folder) => {
    try {
      accessSync(join(folder, 'smtp-source'));
      return true;
    } catch {
      // Not in this folder.
      return false;
    }
  });
  return isThere ? undefined : 'smtp-source is not installed (apt-get install postfix)';
}

interface Run {
  readonly subject: string;
  /** Mails that were answered 250. */
  acknowledged: number;
}

export class SmtpSource {
  readonly #port: number;
  readonly #to: string;
  readonly #name: string;
  readonly runs: Run[] = [];
  /** Mails of all runs that were answered 250. */
  acknowledged = 0;
  #child: ChildProcess | undefined;
  #isOver = false;
  #hears = Promise.withResolvers<void>();

  /** `name`: what the subjects of its mails begin with. */
  constructor(port: number, to: string, name: string) {
    this.#port = port;
    this.#to = to;
    this.#name = name;
  }

  /** Resolves when the next mail is acknowledged. */
  get heard(): Promise<void> {
    return this.#hears.promise;
  }

  /** After the mail in hand. */
  end(): void {
    this.#isOver = true;
    this.#child?.kill();
  }

  /** Until `end`. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      const run: Run = { subject: `${this.#name}, run ${this.runs.length + 1}`, acknowledged: 0 };
      await this.#send(run);
      // One that found the node down has sent nothing.
      if (run.acknowledged > 0) this.runs.push(run);
    }
  }

  async #send(run: Run): Promise<void> {
    const words = ['-v', '-d', '-s', '1', '-m', String(MAILS_PER_RUN), '-l', String(MAIL_BYTES), '-M', 'mx.y.com'];
    const mail = ['-f', 'jane@y.com', '-t', this.#to, '-S', run.subject, `inet:127.0.0.1:${this.#port}`];
    const env = { ...process.env, PATH: `${process.env.PATH ?? ''}${delimiter}/usr/sbin` };
    const child = spawn('smtp-source', [...words, ...mail], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let isSent = false;
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      if (isSent && /<<< 250 /.test(line)) this.#count(run);
      isSent = line.endsWith(': .');
    });
    await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  }

  #count(run: Run): void {
    run.acknowledged += 1;
    this.acknowledged += 1;
    this.#hears.resolve();
    this.#hears = Promise.withResolvers();
  }
}
