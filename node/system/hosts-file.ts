// hosts.json on the disk: read at the start, then looked at every two seconds. Looking (stat) instead of listening (inotify) also
// sees editors that replace the file, links that are turned, directories that are mounted later, and network file systems. What the
// file looked like is noted before it is read, so an edit at any moment makes the next look find another.
import type { BigIntStats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { operatorText } from '../machine/edited-text.ts';
import { replaceFileDurably, trustedUsers, trustFault } from '../machine/own-files.ts';

const LOOK_INTERVAL_MS = 2_000;
/** How the looks of a pipe begin. */
const PIPE = 'pipe';

export class HostsFile {
  readonly #path: string;
  readonly #log: Log;
  /** What it looked like before it was read last, or why it could not be looked at. */
  #seen = '';
  /** Nobody edits before it has ended, however it ends. */
  #lastEdit: Promise<unknown> = Promise.resolve();

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Throws `invalid_request` when it can't be read. */
  async read(): Promise<string> {
    const isFirst = this.#seen === '';
    this.#seen = await this.#looks();
    try {
      // At the start it is that of `--hosts <(…)`. Later nobody may ever write into it, and whoever opens it waits for that.
      if (!isFirst && this.#seen.startsWith(PIPE)) throw new Error('is a pipe; put a file in its place');
      const text = operatorText(await readFile(this.#path));
      await this.#warnOfWriters();
      return text;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === undefined ? message : `can't be read: ${message}`;
      throw new MeshError('invalid_request', `The hosts file ${this.#path} (--hosts / MESH_HOSTS) ${why}.`, { cause });
    }
  }

  /** Calls `edited` with the text, or with why it can't be read, if it changed since it was read last. */
  async look(edited: (text: string | MeshError) => void): Promise<void> {
    if ((await this.#looks()) === this.#seen) return;
    edited(
      await this.read().catch((error: unknown) => {
        if (error instanceof MeshError) return error;
        throw error;
      }),
    );
  }

  /**
   * Puts the changed text in the file's place, durably, one edit after the other, and calls `edited` with it. A link stays one: what it points to
   * is replaced. Rejects with `store_failed` when this process may not, or can't.
   */
  edit(change: (text: string) => string, edited: (text: string) => void): Promise<void> {
    const done = this.#lastEdit.then(() => this.#edit(change, edited));
    this.#lastEdit = done.catch(() => undefined);
    return done;
  }

  async #edit(change: (text: string) => string, edited: (text: string) => void): Promise<void> {
    const before = this.#seen;
    try {
      const text = change(await this.read());
      await this.#replace(text);
      edited(text);
    } catch (error) {
      // What was read for this edit, an operator may just have written: nobody was told of it, so the next look finds it.
      this.#seen = before;
      throw error;
    }
  }

  async #replace(text: string): Promise<void> {
    try {
      replaceFileDurably(await realpath(this.#path), text);
    } catch (cause) {
      const message = `The hosts file ${this.#path} can't be written: ${(cause as Error).message}. Let this node's user write it and its directory, or edit it by hand.`;
      throw new MeshError('store_failed', message, { cause });
    }
  }

  /** Looks every `LOOK_INTERVAL_MS` until `signal` aborts. */
  async watch(clock: Clock, signal: AbortSignal, edited: (text: string | MeshError) => void): Promise<void> {
    while (!signal.aborted) {
      await this.look(edited);
      await clock.sleep(LOOK_INTERVAL_MS, signal);
    }
  }

  async #looks(): Promise<string> {
    try {
      const stats: BigIntStats = await stat(this.#path, { bigint: true });
      const { dev, ino, size, mtimeNs, ctimeNs } = stats;
      return [stats.isFIFO() ? PIPE : 'file', dev, ino, size, mtimeNs, ctimeNs].join(' ');
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  }

  /** Not refused: on some systems (a share of Windows, a group of one's own) the bits say less than they seem to. */
  async #warnOfWriters(): Promise<void> {
    const user = process.geteuid?.();
    if (user === undefined) return;
    const trusted = trustedUsers(user);
    for (const path of [this.#path, dirname(this.#path)]) {
      const why = trustFault(await stat(path), trusted);
      if (why === undefined) continue;
      const message = `Others may change who votes in this mesh: ${path} ${why}. Let only the node's operator write ${this.#path} and its directory.`;
      this.#log.warn('hosts.writable_by_others', { message });
    }
  }
}
