// A client of a running node over HTTP, which the tools for agents and the commands for operators use. Answers are JSON. A refusal becomes
// an error with the node's sentence.
import { type Dispatcher, request } from 'undici';
import { parseForeignJson } from '../../mesh/json/foreign-json.ts';
import { FILE_BOUNDS } from '../../mesh/json/json-shape.ts';
import type { Clock } from '../../mesh/ports.ts';
import { startDeadline } from '../../mesh/time/deadline.ts';

export interface NodeClientOptions {
  /** `http://host:port`, without a path. */
  readonly url: string;
  /** MESH_TOKEN of that node. */
  readonly token?: string | undefined;
  readonly clock: Clock;
  /** Gives up every question under way. */
  readonly stop?: AbortSignal;
  readonly dispatcher?: Dispatcher;
}

export type NodeClient = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Readonly<Record<string, unknown>>>;

/** Longer than the node lets a sender wait. */
export const ANSWER_MS_MAX = 60_000;

export function createNodeClient(options: NodeClientOptions): NodeClient {
  const { url, token, dispatcher } = options;
  return async (method, path, { body, headers = {} } = {}) => {
    const sent = {
      method,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    };
    const { status, text } = await withinAnswerTime(options, async (signal) => {
      const answer = await request(`${url}${path}`, { ...sent, signal }).catch((cause: Error) => {
        throw new Error(
          `The node at ${url} does not answer (${cause.message}). Is it running? Say where it is with --url.`,
        );
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    });
    if (status >= 400) throw refusalIn(text, status, url);
    // An answer without a body says that it is done.
    return status === 204 ? {} : parse(text, url);
  };
}

/** Gives a question its time, `ANSWER_MS_MAX`, and gives it up when `stop` says so: the signal aborts then. */
export async function withinAnswerTime<T>(
  { clock, stop }: Pick<NodeClientOptions, 'clock' | 'stop'>,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const silent = () => (stop?.aborted ? (stop.reason as Error) : new NoAnswer());
  using late = startDeadline({ clock, ms: ANSWER_MS_MAX, signals: stop === undefined ? [] : [stop], silent });
  return await ask(late.signal);
}

/** The node said nothing in its time; it may be at it yet. */
export class NoAnswer extends Error {
  constructor() {
    super(`no answer within ${ANSWER_MS_MAX / 1_000} s`);
  }
}

/** What the node has refused; `message` is its sentence. */
export class NodeRefusal extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The node's refusal as an error, whichever of its two forms that has. */
export function refusalIn(text: string, status: number, url: string): NodeRefusal {
  const { error, code, message, field, fix } = parse(text, url);
  const where = typeof field === 'string' ? ` (${field})` : '';
  const advice = typeof fix === 'string' ? ` ${fix}` : '';
  const name = String(error ?? code ?? status);
  return new NodeRefusal(`${String(message ?? `status ${status}`)}${advice} [${name}${where}]`, status);
}

function parse(text: string, url: string): Readonly<Record<string, unknown>> {
  try {
    return parseForeignJson(text, FILE_BOUNDS) as Record<string, unknown>;
  } catch {
    throw new Error(`What answers at ${url} is no node: its answer is not JSON.`);
  }
}
