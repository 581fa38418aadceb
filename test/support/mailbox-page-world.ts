// A node with the inboxes of Ann and Bob, and somebody who looks at its page. Its DNS knows nobody.

import { startDnsServer } from './dns-server.ts';
import { type MailboxNode, mailboxNode } from './mailbox-node.ts';
import { PageVisitor, type Seen } from './page-visitor.ts';
import type { TestNodeOptions } from './test-node.ts';

export const ANN = 'ann@agents.example.com';
export const BOB = 'bob@agents.example.com';
export const TOKEN = 'token-token-token-token';
export const at = encodeURIComponent;
export const inboxAt = (inboxId: string, ...more: readonly string[]) =>
  ['/page/mailbox/inboxes', inboxId, ...more].map((part, place) => (place === 0 ? part : at(part))).join('/');

export interface MailboxPageWorld extends MailboxNode {
  /** With the node's token. */
  readonly visitor: PageVisitor;
  /** With a key of these scopes. */
  readonly visitorWith: (...scopes: readonly string[]) => Promise<PageVisitor>;
  /** A mail from Ann to Bob, which lies in his inbox; its ids. */
  readonly send: (mail: object) => Promise<{ readonly messageId: string; readonly threadId: string }>;
  /** A whole mail to Ann that nobody answers for; its message id. */
  readonly receive: (mail: string) => Promise<string>;
  readonly draft: (body: object) => Promise<string>;
}

export async function mailboxPageWorld(options: TestNodeOptions = {}): Promise<MailboxPageWorld> {
  await using stack = new AsyncDisposableStack();
  const dns = stack.use(await startDnsServer(() => 'absent'));
  const node = stack.use(await mailboxNode({ token: TOKEN, dns: dns.at, ...options }));
  for (const username of ['ann', 'bob']) await node.v0('POST', '/inboxes', { username });
  const logIn = async (credential: string) => {
    const visitor = new PageVisitor(node.node);
    await visitor.logIn(credential);
    return visitor;
  };
  const visitor = await logIn(TOKEN);
  const owned = stack.move();
  return {
    ...node,
    visitor,
    visitorWith: async (...scopes: readonly string[]) => {
      const operator = { authorization: `Bearer ${TOKEN}` };
      const { body } = await node.ask('POST', '/api/keys', { name: scopes.join('-'), scopes }, operator);
      return await logIn((body as { secret: string }).secret);
    },
    send: async (mail: object) => {
      const sent = await node.v0('POST', `/inboxes/${ANN}/messages/send`, { to: [BOB], ...mail });
      const { messages } = (await node.v0('GET', `/inboxes/${BOB}/messages`)).body;
      const got = messages.find((one: { message_id: string }) => one.message_id === sent.body.message_id);
      return { messageId: got.message_id, threadId: got.thread_id };
    },
    receive: async (mail: string) => {
      const headers = { host: 'localhost', authorization: `Bearer ${TOKEN}`, 'content-type': 'message/rfc822' };
      const url = `http://localhost/api/mailbox/ingest?to=${ANN}&mail_from=jane@y.com`;
      const answer = await node.node.fetch(new Request(url, { method: 'POST', headers, body: mail }));
      const { results } = (await answer.json()) as { results: readonly { message_id: string }[] };
      return results[0]?.message_id ?? '';
    },
    draft: async (body: object) => (await node.v0('POST', `/inboxes/${ANN}/drafts`, body)).body.draft_id,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Rows of the first table, without tags. */
export function rowsOf({ html }: Seen): readonly string[] {
  return [...html.matchAll(/<tr role="row">(.*?)<\/tr>/gs)].map(([, row = '']) => wordsOf(row)).slice(1);
}

function wordsOf(html: string): string {
  return html
    .replaceAll('<wbr>', '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll(' ,', ',')
    .trim();
}

/** Where the next page of a list is. */
export function nextOf({ html }: Seen): string | undefined {
  return /rel="next" href="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
}

/** Where somebody is sent, without what is said there. */
export function sentTo({ headers }: Seen): string {
  return (headers.get('location') ?? '').replace(/[?&]said=.*$/, '');
}

export const saidBy = ({ headers }: Seen): string | undefined =>
  /[?&]said=(\w+)/.exec(headers.get('location') ?? '')?.[1];
