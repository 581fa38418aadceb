// The asking side of an HTTP benchmark, in a thread of its own: it keeps connections full of requests for a while and says how
// many were answered.
import { parentPort } from 'node:worker_threads';
import { Client, type Dispatcher } from 'undici';

export interface Load {
  readonly origin: string;
  readonly path: string;
  /** Each request is for another `path` in which `#` is a number below this; absent: always the same path. */
  readonly among?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly pipelining: number;
  readonly forMs: number;
}

export interface Served {
  readonly answers: number;
  readonly bytes: number;
  readonly tookMs: number;
}

parentPort?.on('message', (load: Load) => {
  put(load).then(
    (served) => parentPort?.postMessage(served),
    (error: unknown) => {
      throw error;
    },
  );
});

/** Connections stay open from one turn to the next, so that no turn pays for connecting. */
const kept = new Map<string, readonly Client[]>();

async function put({ origin, path, among, headers = {}, connections, pipelining, forMs }: Load): Promise<Served> {
  const clients = kept.get(origin) ?? Array.from({ length: connections }, () => new Client(origin, { pipelining }));
  kept.set(origin, clients);
  const startMs = performance.now();
  let answers = 0;
  let bytes = 0;
  let draw = 1;
  const nextPath = () => {
    if (among === undefined) return path;
    // Any order will do that is not the order in memory.
    draw = (draw * 48_271) % 2_147_483_647;
    return path.replace('#', String(draw % among));
  };
  const one = (client: Client) =>
    new Promise<void>((resolve, reject) => {
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => {},
        onResponseStart: (_, status) => {
          if (status !== 200) reject(new Error(`The server under load answered ${status}.`));
        },
        onResponseData: (_, chunk) => {
          bytes += chunk.byteLength;
        },
        onResponseEnd: () => {
          answers += 1;
          resolve();
        },
        onResponseError: (_, error) => reject(error),
      };
      client.dispatch({ path: nextPath(), method: 'GET', headers }, handler);
    });
  const lane = async (client: Client) => {
    while (performance.now() - startMs < forMs) await one(client);
  };
  await Promise.all(clients.flatMap((client) => Array.from({ length: pipelining }, () => lane(client))));
  const tookMs = performance.now() - startMs;
  return { answers, bytes, tookMs };
}
