// What each method of AgentMail's client is expected to answer: rows that ask it once, and say what in its answer shows that it did what it says.
import type { AgentMailClient } from 'agentmail';
import { refusal } from './live-mailbox.ts';
import type { MailboxWorld } from './mailbox-calls.ts';

export interface Row {
  readonly status: 200 | 204;
  /** What shows that the method did what it says, in a few words. */
  readonly tells: string;
  /** Asks by `client` (or `ofInbox`) once, and expects that; everything else is asked aside. */
  readonly ask: (world: MailboxWorld) => Promise<void>;
}

export type Rows = Readonly<Record<string, Row>>;

/** Answered by what there is. */
export const answers = (tells: string, ask: Row['ask']): Row => ({ status: 200, tells, ask });

/** Answered without a body, so that another question shows what it did. */
export const isDone = (tells: string, ask: Row['ask']): Row => ({ status: 204, tells, ask });

const NOT_FOUND = [404, 'not_found'];

export const gone = async (call: PromiseLike<unknown>): Promise<boolean> =>
  JSON.stringify(await refusal(call)) === JSON.stringify(NOT_FOUND);

let words = 1_000;

/** One that nothing else has, and that is a part of no other. */
export function newWord(): string {
  words += 1;
  return `zephyr${words}`;
}

/** The same methods, which are shown the name of what they are below before all else. */
type Named<R> = {
  readonly [K in keyof R]: R[K] extends (...rest: infer A) => infer B ? (name: string, ...rest: A) => B : never;
};

/** The methods of what lies below something, whose name they are shown each time. */
function below<R extends object>(resource: Named<R>, name: string): R {
  const get = (_: object, method: string) => {
    const asked = Reflect.get(resource, method) as (...all: readonly unknown[]) => unknown;
    return (...rest: readonly unknown[]) => asked.call(resource, name, ...rest);
  };
  return new Proxy({}, { get }) as R;
}

/** Where the same methods are found: of the organization, below a pod, below an inbox. */
export interface Place<R> {
  readonly of: (client: AgentMailClient, world: MailboxWorld) => R;
  /** An inbox that lies there. */
  readonly inboxOf: (world: MailboxWorld) => string;
}

/** The resources of a client that have the same methods. */
interface Scopes<R> {
  readonly organization: (client: AgentMailClient) => R;
  readonly inbox?: (client: AgentMailClient) => Named<R>;
  readonly pod: (client: AgentMailClient) => Named<R>;
}

/** The rows of the methods of a resource, `lists` say, in each scope: by `lists.get`, `inboxes.lists.get`, `pods.lists.get`. */
export function atScopes<R extends object>(
  name: string,
  { organization, inbox, pod }: Scopes<R>,
  rowsOf: (place: Place<R>) => Rows,
): Rows {
  const inboxOf = ({ inboxId }: MailboxWorld) => inboxId;
  const places: Readonly<Record<string, Place<R>>> = {
    [name]: { of: organization, inboxOf },
    ...(inbox && { [`inboxes.${name}`]: { of: (client, { inboxId }) => below(inbox(client), inboxId), inboxOf } }),
    [`pods.${name}`]: {
      of: (client, { podId }) => below(pod(client), podId),
      inboxOf: ({ podInboxId }) => podInboxId,
    },
  };
  return Object.fromEntries(
    Object.entries(places).flatMap(([at, place]) =>
      Object.entries(rowsOf(place)).map(([method, row]) => [`${at}.${method}`, row] as const),
    ),
  );
}
