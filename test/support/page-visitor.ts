// A browser's way through the page of a node, without a browser: cookies are kept, forms are sent as a page has them.
import type { MeshNode } from '../../node/node.ts';

const ORIGIN = 'http://localhost';

export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

export class PageVisitor {
  readonly #node: Pick<MeshNode, 'fetch'>;
  readonly #headers: Readonly<Record<string, string>>;
  cookie = '';

  /** `headers`: of each request. */
  constructor(node: Pick<MeshNode, 'fetch'>, headers: Readonly<Record<string, string>> = {}) {
    this.#node = node;
    this.#headers = headers;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return this.#ask('GET', path, undefined, headers);
  }

  /** As a form of the page at `from` would send it. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>> = {},
    { from = '/', headers = { origin: ORIGIN } }: { from?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Seen> {
    const formToken = /name="formToken" value="([^"]+)"/.exec((await this.get(from)).html)?.[1] ?? '';
    return this.#ask('POST', path, new URLSearchParams({ formToken, ...fields }), headers);
  }

  logIn(key: string, next = '/'): Promise<Seen> {
    return this.post('/page/login', { key, next }, { from: '/page/login' });
  }

  async #ask(
    method: string,
    path: string,
    body: URLSearchParams | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Seen> {
    const sent = {
      host: 'localhost',
      ...this.#headers,
      ...(this.cookie === '' ? {} : { cookie: this.cookie }),
      ...headers,
    };
    const request = new Request(ORIGIN + path, { method, headers: sent, ...(body === undefined ? {} : { body }) });
    const response = await this.#node.fetch(request);
    const set = response.headers.get('set-cookie')?.split(';')[0];
    if (set !== undefined) this.cookie = set;
    return { status: response.status, headers: response.headers, html: await response.text() };
  }
}
