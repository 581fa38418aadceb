// A node that keeps inboxes, on a directory of its own, and what asks it as a client of `/v0` does.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestNode, type TestNodeOptions, testNode } from './test-node.ts';

const HOST_RECORDS = { mx: 'mx.example.com', spf: 'v=spf1 a:mx.example.com ~all' };
/** Nobody answers there. */
const NOWHERE = '127.0.0.1:9';

export interface MailboxNode extends TestNode, AsyncDisposable {
  readonly directory: string;
  readonly key: string;
  /** One request below `/v0`, with the organization's key. */
  v0(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
    // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer has, and fails where it has not.
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly body: any }>;
  /** One request below `/api/mailbox`, with that key. */
  own: MailboxNode['v0'];
}

/**
 * Its inboxes are at agents.example.com, its mail comes to mx.example.com. `publicUrl`: where it is reached from everywhere; `dns`: what it asks
 * of domains, as `IP:PORT`.
 */
export async function mailboxNode({
  publicUrl,
  dns = NOWHERE,
  hasMx = true,
  ...options
}: TestNodeOptions & {
  readonly publicUrl?: string;
  readonly dns?: string;
  readonly hasMx?: boolean;
} = {}): Promise<MailboxNode> {
  const directory = options.mailbox?.directory ?? mkdtempSync(join(tmpdir(), 'mailbox-'));
  const made = await testNode({
    ...options,
    mailbox: {
      ...{ ...options.mailbox, directory, domain: 'agents.example.com', dns: [dns] },
      ...(hasMx && { hostRecords: HOST_RECORDS }),
      ...(publicUrl && { publicUrl }),
    },
  });
  const key = options.token ?? readFileSync(join(directory, 'org-key'), 'utf8').trim();
  const askBelow =
    (root: string): MailboxNode['v0'] =>
    (method, path, body, headers = {}) =>
      made.ask(method, `${root}${path}`, body, { authorization: `Bearer ${key}`, ...headers });
  return {
    ...made,
    directory,
    key,
    v0: askBelow('/v0'),
    own: askBelow('/api/mailbox'),
    [Symbol.asyncDispose]: async () => {
      await made.node[Symbol.asyncDispose]();
      if (options.mailbox === undefined) rmSync(directory, { recursive: true });
    },
  };
}
