// One process of a worker, and what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('mail-worker.js', import.meta.url));

interface Begun {
  readonly began: string;
  readonly attempt: number;
  readonly atMs: number;
}
interface Ended {
  readonly ended: string;
  readonly atMs: number;
}

export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly begun: Begun[] = [];
  readonly ended: Ended[] = [];
  errors = '';

  /** `hangsAt`: the job that it never ends, by number; absent: it ends all. */
  constructor(
    inbox: { readonly url: string; readonly key: string; readonly inboxId: string },
    name: string,
    hangsAt = 0,
  ) {
    const words = [PROGRAM, inbox.url, inbox.key, inbox.inboxId, name, String(hangsAt)];
    const child = spawn(machinesNode(), words, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.on('data', (data) => {
      this.errors += data;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Begun | Ended;
      if ('began' in said) this.begun.push(said);
      else this.ended.push(said);
    });
    this.#child = child;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** The machine's own Node, which may be older than that of this project, or this one where there is none. */
function machinesNode(): string {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, 'node')).find(isProgram) ?? process.execPath;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run.
    return false;
  }
}
