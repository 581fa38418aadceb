// The application of pages: each says which route of the API it stands for, and is shown to whoever may ask that one. A page is HTML, with
// nothing from elsewhere and no script but ours. What changes something is a form of our own, proven by its token and its origin.
import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import type { Random } from '../../mesh/ports.ts';
import type { Page } from '../http/app.ts';
import { errorAnswer, failedRequest } from '../http/errors.ts';
import type { Visitor } from '../http/gate/visitor.ts';
import { readBody } from '../http/input.ts';
import { resource } from '../http/methods.ts';
import { requestPath } from '../http/paths.ts';
import { decodeQuery, readQuery } from '../http/query.ts';
import type { Log } from '../log.ts';
import { type Asked, type Asker, type AskerServices, askerOf } from './asker.ts';
import { frame, type Section, type View } from './frame.ts';
import { markup } from './markup.ts';
import { isSaying, type Saying, sentenceOf } from './sayings.ts';

/** A form of the page as it is sent. */
const FORM_BYTES_MAX = 8 * 1_024;

export interface Shown {
  readonly section?: Section;
  /** What the page shows of the API; absent: anybody may see it. */
  readonly needs?: (c: Context) => Asked;
  readonly view: (c: Context, asker: Asker) => View | Promise<View>;
}

/** Where the browser goes when something was done, and what it is told there. */
interface Outcome {
  readonly to: string;
  readonly said: Saying;
  readonly count?: number | undefined;
}

/** What is no page: a file, or a page in a frame. */
export interface Given {
  readonly needs: (c: Context) => Asked;
  readonly answer: (c: Context) => Response | Promise<Response>;
}

export interface Acted {
  /** What the head names on a view that it shows. */
  readonly section?: Section;
  readonly needs: (c: Context) => Asked;
  /** Octets of its form; absent: `FORM_BYTES_MAX`. */
  readonly formBytesMax?: number;
  /** A view is shown at once, and at no address that could be asked for again. One with a status of 400 or more has changed nothing. */
  readonly run: (c: Context, form: URLSearchParams, asker: Asker) => Promise<Outcome | View>;
}

export interface DoorOptions extends AskerServices {
  readonly hostId: () => string;
  /** Whether the head names the mailbox. */
  readonly hasMailbox: boolean;
  readonly version: string;
  readonly random: Pick<Random, 'bytes'>;
  readonly log: Log;
}

const NONCE_BYTES = 18;
const SEE_OTHER = 303;
const HTML_TYPE = { 'Content-Type': 'text/html; charset=utf-8' };

export class PageDoor {
  readonly #options: DoorOptions;
  readonly #app: Hono<{ Bindings: { readonly visitor: Visitor } }>;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#app = new Hono({ getPath: (request) => requestPath(request.url) });
    this.#app.onError((error, c) => this.#failure(c, error));
    this.#app.notFound((c) => this.#failure(c, new MeshError('not_found', 'There is no such page.')));
  }

  /** For `createApp`. */
  get page(): Page {
    return {
      answer: (request, visitor) => this.#app.fetch(request, { visitor }),
      paths: this.#app.routes.map(({ path }) => path),
    };
  }

  /** The asker whose request it is. */
  asker(c: Context): Asker {
    return askerOf(visitorIn(c), this.#options);
  }

  show(path: string, shown: Shown): this {
    resource(this.#app as unknown as Hono, path, {
      GET: async (c) => {
        const asker = this.asker(c);
        const refusal = shown.needs === undefined ? undefined : asker.refuses(shown.needs(c));
        if (refusal?.code === 'unauthorized') return toLogin(c);
        if (refusal !== undefined) throw refusal;
        return this.#page(c, await shown.view(c, asker), shown.section);
      },
    });
    return this;
  }

  give(path: string, { needs, answer }: Given): this {
    resource(this.#app as unknown as Hono, path, {
      GET: async (c) => {
        const refusal = this.asker(c).refuses(needs(c));
        if (refusal !== undefined) throw refusal;
        return await answer(c);
      },
    });
    return this;
  }

  act(path: string, { section, needs, formBytesMax, run }: Acted): this {
    resource(this.#app as unknown as Hono, path, {
      POST: async (c) => {
        const form = await this.readForm(c, formBytesMax);
        const asker = this.asker(c);
        const refusal = asker.refuses(needs(c));
        if (refusal !== undefined) throw refusal;
        const outcome = await run(c, form, asker);
        if ('body' in outcome && (outcome.status ?? 200) >= 400) return this.#page(c, outcome, section, outcome.status);
        const key = asker.keyId === undefined ? {} : { keyId: asker.keyId, key: asker.name };
        this.#options.log.info('page.acted', { path: c.req.path.slice(0, 200), ...key });
        if ('body' in outcome) return this.#page(c, outcome, section, outcome.status);
        const { to, said, count } = outcome;
        const told = new URLSearchParams({ said, ...(count === undefined ? {} : { count: String(count) }) });
        return c.redirect(`${to}${to.includes('?') ? '&' : '?'}${told}`, SEE_OTHER);
      },
    });
    return this;
  }

  /** A form that a page of ours has sent. Throws `forbidden_origin`, `payload_too_large`. */
  async readForm(c: Context, bytesMax = FORM_BYTES_MAX): Promise<URLSearchParams> {
    // The gate has refused every other origin; no browser leaves it out here.
    if (c.req.header('origin') === undefined) throw foreignForm('It names no origin.');
    const form = new URLSearchParams(new TextDecoder().decode(await readBody(c.req.raw, bytesMax)));
    const { sessions } = this.#options;
    if (sessions.isFormToken(c.req.header('cookie'), form.get('formToken') ?? '')) return form;
    throw foreignForm('The page that it stands on is out of date. Load it anew, and try again.');
  }

  /** A file that pages name. */
  file(path: string, text: string, type: string): this {
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    const headers = { 'Content-Type': type, ETag: etag, 'Cache-Control': 'no-cache', ...SAFE_HEADERS };
    resource(this.#app as unknown as Hono, path, {
      GET: (c) => (c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : c.body(text, 200, headers)),
    });
    return this;
  }

  /** For pages that answer in a way of their own. */
  route(path: string, handlers: Parameters<typeof resource>[2]): this {
    resource(this.#app as unknown as Hono, path, handlers);
    return this;
  }

  answer(c: Context, view: View, status = 200): Response {
    return this.#page(c, view, undefined, status);
  }

  #page(c: Context, view: View, section: Section | undefined, status = 200): Response {
    const { hostId, version, hasMailbox, random } = this.#options;
    const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64');
    const said = saidIn(c);
    const html = frame(view, { hostId: hostId(), version, nonce, asker: this.asker(c), hasMailbox, section, said });
    return new Response(html.toString(), { status, headers: { ...HTML_TYPE, ...pageHeaders(nonce, view) } });
  }

  #failure(c: Context, error: Error): Response {
    const refusal = error instanceof MeshError ? error : failedRequest(this.#options.log, c.req, error);
    const { status, headers } = errorAnswer(refusal);
    const body = markup`<p class="refusal">${refusal.message}</p><p><a href="/">To the mesh</a></p>`;
    const answer = this.#page(c, { title: TITLES[status] ?? 'This can’t be done', body }, undefined, status);
    for (const [name, value] of Object.entries(headers)) if (name === 'Retry-After') answer.headers.set(name, value);
    return answer;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  401: 'Log in first',
  403: 'Not allowed',
  404: 'Not found',
  500: 'The node failed',
};

export const SAFE_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' };

/** Nothing is loaded, run, framed or sent anywhere but what is named here (Content Security Policy Level 3). */
function pageHeaders(nonce: string, { hasFrame = false }: View): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    ...(hasFrame ? ["frame-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Frame-Options': 'DENY',
    ...SAFE_HEADERS,
  };
}

/** Where a browser is sent that must show something first. */
function toLogin(c: Context): Response {
  const { pathname, search } = new URL(c.req.url);
  return c.redirect(`/page/login?${new URLSearchParams({ next: pathname + search })}`, SEE_OTHER);
}

export function visitorIn(c: Context): Visitor {
  return (c.env as { readonly visitor: Visitor }).visitor;
}

/** The texts of these fields of the query. Throws `invalid_request`. */
export function queryOf<Name extends string>(c: Context, ...names: readonly Name[]): Record<Name, string> {
  const raw = readQuery(c.req.url, names);
  return Object.fromEntries(names.map((name) => [name, decodeQuery(raw[name] ?? '')])) as Record<Name, string>;
}

function saidIn(c: Context): string | undefined {
  const { searchParams } = new URL(c.req.url);
  const said = searchParams.get('said') ?? '';
  return isSaying(said) ? sentenceOf(said, Number(searchParams.get('count') ?? 0) || 0) : undefined;
}

function foreignForm(why: string): MeshError {
  return new MeshError('forbidden_origin', `This form does not come from a page of this node. ${why}`);
}
