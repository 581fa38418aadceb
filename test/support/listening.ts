// `GET /api/changes` over a change log in memory, and what listens there.
import { type ChangeServices, changeRoutes } from '../../node/http/routes/changes.ts';
import { createShell } from '../../node/http/shell.ts';
import { EventStream } from '../../node/webhooks/receiver/event-stream.js';
import { openTestLog, type TestLogOptions } from './log-entries.ts';

const CHANGES_PATH = '/api/changes';

export async function changesNode(options: TestLogOptions = {}, bounds?: ChangeServices['bounds']) {
  const world = await openTestLog(options);
  const stopping = new AbortController();
  const app = createShell(world.log);
  changeRoutes(app, { ...world, stopping: stopping.signal, ...(bounds === undefined ? {} : { bounds }) });
  const get = (query = '', headers: Record<string, string> = {}) =>
    Promise.resolve(app.request(`${CHANGES_PATH}${query}`, { headers }));
  const cursor = (seq: number) => `${world.changes.logId}:${seq}`;
  return { ...world, app, stopping, get, cursor };
}

/** Reads an event stream piece by piece, as a client that takes each at once. */
export class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #stream = new EventStream();

  constructor(response: Response) {
    if (response.status !== 200 || response.body === null) throw new Error(`It was answered ${response.status}.`);
    this.#reader = response.body.getReader();
  }

  /** The next piece; `undefined` at the end. */
  async piece(): Promise<string | undefined> {
    const { value } = await this.#reader.read();
    return value === undefined ? undefined : new TextDecoder().decode(value);
  }

  /** Events of the next piece that has some; `undefined` at the end. */
  async events(): Promise<readonly { readonly id: string | undefined; readonly data: string }[] | undefined> {
    for (;;) {
      const piece = await this.piece();
      if (piece === undefined) return undefined;
      const events = this.#stream.push(piece);
      if (events.length > 0) return events;
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}
