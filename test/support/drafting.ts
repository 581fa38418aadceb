// Drafts of an inbox over HTTP, on one host without any server outside.
import { DatabaseSync } from 'node:sqlite';
import { type MailboxNode, mailboxNode } from './mailbox-node.ts';

export const ANN = 'ann@agents.example.com';
export const BOB = 'bob@agents.example.com';
export const at = encodeURIComponent;
export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A node with the inboxes of Ann and Bob. */
export async function withTwo(): Promise<MailboxNode> {
  const node = await mailboxNode();
  for (const username of ['ann', 'bob']) await node.v0('POST', '/inboxes', { username });
  return node;
}

export const create = (node: MailboxNode, body: unknown) => node.v0('POST', `/inboxes/${ANN}/drafts`, body);
export const onDraft = (node: MailboxNode, method: string, id: string, body?: unknown, headers = {}) =>
  node.v0(method, `/inboxes/${ANN}/drafts/${id}`, body, headers);
export const sendDraft = (node: MailboxNode, id: string, body: unknown = {}, headers = {}) =>
  onDraft(node, 'POST', `${id}/send`, body, headers);
export const mailsOf = async (node: MailboxNode, inbox: string) =>
  (await node.v0('GET', `/inboxes/${inbox}/messages?include_trash=true`)).body.messages;
export const draftsOf = async (node: MailboxNode, query = '') =>
  (await node.v0('GET', `/inboxes/${ANN}/drafts${query}`)).body.drafts;
export const rows = async (node: MailboxNode, sql: string) => {
  const database = new DatabaseSync(`${node.directory}/mailbox.db`, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
};
