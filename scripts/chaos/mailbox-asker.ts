// What asks a mailbox much: by several keys, each of which may ask only so often, and again where one has asked too often for now.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { HostProcess } from '../host-process.ts';
import { WAITED_MS_MAX } from './answer-bound.ts';

const KEYS = 12;
const ASKED_AGAIN_MS = 200;
/** Mails, whatever is thought of them: lists that are made meanwhile may block whom they like. */
const EVERY = ['unauthenticated', 'blocked', 'spam', 'trash'].map((label) => `include_${label}=true`).join('&');

/** A mail or a thread, which alone says how many mails it has. */
interface Shown {
  readonly thread_id: string;
  readonly message_count?: number;
}

export class MailboxAsker {
  readonly #url: string;
  readonly #keys: string[];
  /** Ids of the keys and inboxes that were made here. */
  readonly #own = new Set<string>();
  #asked = 0;

  private constructor(url: string, keys: string[]) {
    this.#url = url;
    this.#keys = keys;
  }

  /** With further keys of the organization. */
  static async of({ url, dataDirectory }: HostProcess): Promise<MailboxAsker> {
    const key = readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
    const asker = new MailboxAsker(url, [key]);
    const more: string[] = [];
    for (let made = 0; made < KEYS; made += 1) {
      const { api_key: text, api_key_id: id } = await asker.post('/v0/api-keys', {});
      asker.#own.add(id as string);
      more.push(text as string);
    }
    asker.#keys.push(...more);
    return asker;
  }

  /** Rejects where there is no answer in time. */
  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    for (;;) {
      this.#asked += 1;
      const key = this.#keys[this.#asked % this.#keys.length];
      const headers = { authorization: `Bearer ${key}`, ...(options.headers as object) };
      const signal = AbortSignal.timeout(WAITED_MS_MAX);
      const response = await fetch(`${this.#url}${path}`, { ...options, headers, signal }).catch(unlessUnconnected);
      if (response === undefined) continue;
      if (response.status !== 429 || !(await saysTooOften(response))) return response;
      await pause(ASKED_AGAIN_MS);
    }
  }

  /** Rejects where it is refused. */
  async post(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { 'content-type': 'application/json' };
    const response = await this.ask(path, { method: 'POST', body: JSON.stringify(body), headers });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Rejects where it is refused; what is not there is. */
  async delete(path: string): Promise<void> {
    const response = await this.ask(path, { method: 'DELETE' });
    if (!response.ok && response.status !== 404)
      throw new Error(`DELETE ${path} was answered ${response.status}: ${await response.text()}`);
  }

  async newInbox(username: string): Promise<string> {
    const { inbox_id: id } = await this.post('/v0/inboxes', { username });
    this.#own.add(id as string);
    return id as string;
  }

  /** Whether a key or an inbox was made here. */
  hasMade(id: string): boolean {
    return this.#own.has(id);
  }

  /** All pages of a list, whose items an answer has by `name`. Rejects where one is refused. */
  async all<Item>(path: string, name: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let token = ''; ; ) {
      const page = await this.ask(`${path}${path.includes('?') ? '&' : '?'}limit=100${token}`);
      const body = (await page.json()) as Partial<Record<string, readonly Item[]>> & { next_page_token?: string };
      const more = body[name];
      if (more === undefined) throw new Error(`GET ${path} was answered ${page.status}: ${JSON.stringify(body)}`);
      items.push(...more);
      if (body.next_page_token === undefined) return items;
      token = `&page_token=${body.next_page_token}`;
    }
  }

  /** Ids of all mails, the newest first. */
  async messageIds(inboxId: string): Promise<string[]> {
    const mails = await this.all<{ readonly message_id: string }>(
      `/v0/inboxes/${inboxId}/messages?${EVERY}`,
      'messages',
    );
    return mails.map(({ message_id: id }) => id);
  }

  /** Mails or threads of an inbox, but those that are held back or in the trash. */
  shown(inboxId: string, kind: 'messages' | 'threads'): Promise<readonly Shown[]> {
    return this.all(`/v0/inboxes/${inboxId}/${kind}`, kind);
  }

  /** How many mails an inbox has. */
  async count(inboxId: string): Promise<number> {
    const path = `/v0/inboxes/${inboxId}/metrics/usage?usage_types=message_count&descending=true&limit=1`;
    const body = (await (await this.ask(path)).json()) as {
      readonly message_count: readonly { readonly value: number }[];
    };
    return body.message_count[0]?.value ?? 0;
  }

  /** The octets of a mail, as it is downloaded. */
  async raw(inboxId: string, messageId: string): Promise<Buffer> {
    const path = `/v0/inboxes/${inboxId}/messages/${encodeURIComponent(messageId)}/raw`;
    const { download_url: url } = (await (await this.ask(path)).json()) as { readonly download_url: string };
    return Buffer.from(await (await fetch(url)).arrayBuffer());
  }
}

/** A connection that was not there in the ten seconds that `fetch` gives it was asked nothing. Throws what else is wrong. */
function unlessUnconnected(error: Error): undefined {
  const { code } = (error.cause ?? {}) as { readonly code?: string };
  if (code !== 'UND_ERR_CONNECT_TIMEOUT') throw error;
}

/** Whether the key has asked too often; what else is answered 429 is the answer. */
async function saysTooOften(response: Response): Promise<boolean> {
  const { message = '' } = (await response.clone().json()) as { readonly message?: string };
  return message.startsWith('This key may ask');
}
