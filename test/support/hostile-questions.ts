// Questions of every route of the mailbox, as its table has them: such as fit, and such as nobody should ask. Of each: no answer is a fault of the
// node, each refusal says what is wrong, and what was sent can be read.
import type { Random } from '../../mesh/ports.ts';
import { ID_KINDS, type IdKind, NEVER, type TableRoute } from './route-requests.ts';
import { SchemaInputs } from './schema-inputs.ts';

type Json = Parameters<SchemaInputs['spoilt']>[0];
type Ids = Readonly<Record<IdKind, string>>;

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const OTHERS: Readonly<Record<string, string>> = { direction: 'receive', type: 'block', attachment_id: '1-00000000' };
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  ...{
    limit: ['1', '100', '0', '-1', '1e9', '101'],
    page_token: ['', 'x', 'eyJ9', 'AAAA'],
    ascending: ['true', 'false', '1'],
  },
  ...{
    labels: ['unread', 'a,b', '["a"]', '['],
    before: ['2026-01-01T00:00:00Z', '0', 'now'],
    after: ['2026-13-45', '-1'],
  },
  ...{ from: ['jane', '%', '*'], to: ['a', ''], subject: ['x', '\u202e'], senders: ['a'], recipients: ['b'] },
  ...{
    q: ['hello', '"', 'a*b', '重要', '?', 'NEAR(', 'x'.repeat(1_001)],
    include_spam: ['true', 'yes'],
    include_trash: ['true'],
  },
  ...{
    event_types: ['message.sent', 'x'],
    usage_types: ['storage_bytes', 'x'],
    start: ['2026-01-01', '9999-12-31T00:00:00Z'],
  },
  ...{ end: ['0', '2026-11-29T00:00:00Z'], period: ['1', '86400', '0', '-5'], type: ['bearer', 'x'], to_: ['x'] },
};
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'x-require-labels': ['unread', '!unread', ',', '!', 'a,!a', 'x'.repeat(500), '\u00ff'],
  'idempotency-key': ['one', 'two', '', 'x'.repeat(300), '\u00e9'],
  'if-match': ['"1"', '*', 'W/"1"', 'x', '""'],
  'x-agent-id': ['nobody', '../x', ''],
  'content-type': [
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data',
    'x',
    'message/rfc822',
    'application/mbox',
  ],
  'content-encoding': ['gzip', 'br', 'x'],
  expect: [],
};
const ADDRESSES = [
  'a@x.com',
  'Jane <jane@y.com>',
  'a@x.com\r\nBcc: b@x.com',
  '',
  '@',
  'a@[::1]',
  `${'a'.repeat(400)}@x.com`,
];

/** What each route takes, with all its members; by method and path, without what the path is below. */
const BODIES: Readonly<Record<string, (ids: Ids) => Json>> = {
  'POST /pods': () => ({ name: 'Acme', client_id: 'acme' }),
  'POST /inboxes': () => ({
    username: 'new',
    domain: 'agents.example.com',
    display_name: 'N',
    client_id: 'n',
    metadata: { a: 1 },
  }),
  'PATCH /inboxes/:inbox_id': () => ({ display_name: 'x', metadata: { a: null, b: 'c' } }),
  'POST /domains': () => ({
    domain: 'new.example.net',
    subdomains_enabled: true,
    tracking_enabled: false,
    feedback_enabled: true,
  }),
  'PATCH /domains/:domain_id': () => ({ feedback_enabled: true, subdomains_enabled: false }),
  'POST /domains/:domain_id/verify': () => ({}),
  'POST /api-keys': () => ({ name: 'x', permissions: { inbox_read: true, message_read: false } }),
  'PATCH /api-keys/:key_id': () => ({ name: 'x', permissions: { inbox_read: true } }),
  'POST /webhooks': () => ({
    url: 'http://127.0.0.1:9/x',
    event_types: ['message.sent'],
    headers: { 'x-key': 'k' },
    client_id: 'w',
  }),
  'PATCH /webhooks/:webhook_id': () => ({ event_types: ['message.sent'] }),
  'PATCH /webhooks/:webhook_id/headers': () => ({ headers: { 'x-key': 'k' }, remove_headers: ['x-other'] }),
  'POST /messages/batch-get': ({ message }) => ({ message_ids: [message, '<never@y.com>'] }),
  'POST /messages/batch-update': ({ message }) => ({ message_ids: [message], add_labels: ['x'], remove_labels: 'y' }),
  'PATCH /messages/:message_id': () => ({ add_labels: ['x'], remove_labels: ['unread'] }),
  'PATCH /threads/:thread_id': () => ({ add_labels: 'x', remove_labels: ['y'] }),
  'POST /messages/send': ({ inbox }) => ({ ...wholeMail(inbox), subject: 'Hello', labels: ['sent-by-fuzz'] }),
  'POST /messages/:message_id/reply': ({ inbox }) => ({ ...wholeMail(inbox), reply_all: false }),
  'POST /messages/:message_id/reply-all': () => ({ text: 'x', html: '<p>x', labels: ['x'], reply_to: 'a@x.com' }),
  'POST /messages/:message_id/forward': ({ inbox }) => wholeMail(inbox),
  'PUT /settings': () => ({ retention_days: 1, dmarc: 'label', quota_bytes: null }),
  'POST /claim': () => ({
    worker: 'w',
    labels: ['unread'],
    limit: 2,
    lease_seconds: 10,
    wait_seconds: 0,
    per_thread: true,
  }),
  'POST /wait': () => ({ from: 'jane', subject: 'x', after: '2026-01-01T00:00:00Z', timeout_seconds: 0 }),
  'POST /messages/:message_id/extend': () => ({ lease: 'x', lease_seconds: 10 }),
  'POST /messages/:message_id/complete': () => ({ lease: 'x', add_labels: ['x'], remove_labels: ['y'] }),
  'POST /messages/:message_id/release': () => ({ lease: 'x', delay_seconds: 1 }),
  'POST /lists/:direction/:type': () => ({ entry: 'z.example', reason: 'x' }),
  'POST /drafts': ({ inbox, message }) => ({ ...listedMail(inbox), in_reply_to: message, client_id: 'd' }),
  'PATCH /drafts/:draft_id': ({ inbox }) => ({
    ...listedMail(inbox),
    send_at: null,
    add_labels: ['x'],
    remove_attachments: ['1'],
  }),
  'POST /drafts/:draft_id/send': () => ({ add_labels: ['x'] }),
};

const FILE = {
  filename: 'a.txt',
  content_type: 'text/plain',
  content_disposition: 'inline',
  content_id: 'c',
  content: 'eA==',
};

const wholeMail = (inbox: string): { [name: string]: Json } => ({
  ...{ to: [inbox], cc: [inbox], bcc: [inbox], reply_to: [inbox], text: 'Words.', html: '<p>Words.</p>' },
  ...{ labels: ['x'], attachments: [FILE], headers: { 'X-Priority': '1' }, track_opens: false, payload: { a: [1] } },
});
const listedMail = (inbox: string): { [name: string]: Json } => ({
  ...{
    to: [inbox],
    cc: [],
    bcc: [],
    reply_to: [inbox],
    subject: 'x',
    text: 'x',
    html: 'x',
    labels: ['x'],
    attachments: [FILE],
  },
});

/** What is read as no word on how long to wait. */
const WAITS = /^\ufeff?(?:\{\})?$/;

const isObject = (value: Json): value is { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

export class HostileQuestions {
  readonly #inputs: SchemaInputs;
  readonly #table: readonly TableRoute[];

  constructor(table: readonly TableRoute[], random: Random) {
    this.#table = table;
    this.#inputs = new SchemaInputs({}, random, {});
  }

  /** One of a route that chance names; `ids`: what there is to ask for. */
  next(ids: Ids): Asked & { readonly route: TableRoute } {
    const inputs = this.#inputs;
    const route = inputs.pick(this.#table);
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => this.#segment(name, ids)) + this.#query();
    const { body, type } = this.#body(route, ids);
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    if (inputs.chance(0.15)) {
      const name = inputs.pick(Object.keys(HEADERS));
      const [value] = [HEADERS[name] ?? []].flatMap((values) => (values.length > 0 ? inputs.pick(values) : []));
      if (value !== undefined) headers[name] = value;
    }
    return { route, method: route.method, path, headers, ...(body === undefined ? {} : { body }) };
  }

  #segment(name: string, ids: Ids): string {
    const inputs = this.#inputs;
    const kind = ID_KINDS.find((one) => `${one}_id` === name || one === name);
    if (inputs.chance(0.03)) return inputs.pick(['%zz', '%00', '%2e%2e%2f', '%ff', '%E2%80%AE', 'a%2fb']);
    if (inputs.chance(0.05)) return this.#encoded(inputs.spoilt(''));
    if (kind === undefined) return inputs.chance(0.8) ? (OTHERS[name] ?? 'x') : 'allow';
    return encodeURIComponent(inputs.chance(0.7) ? ids[kind] : NEVER[kind]);
  }

  /** A dot or two would lead to another route before anything is sent. */
  #encoded(value: Json): string {
    const text = encodeURIComponent(String(value).toWellFormed());
    return /^\.{0,2}$/.test(text) ? 'x' : text;
  }

  #query(): string {
    const inputs = this.#inputs;
    if (inputs.chance(0.5)) return '';
    const names = Array.from({ length: 1 + inputs.below(3) }, () => inputs.pick(Object.keys(PARAMETERS)));
    return `?${names.map((name) => `${name}=${this.#encoded(inputs.chance(0.8) ? inputs.pick(PARAMETERS[name] ?? []) : inputs.spoilt(''))}`).join('&')}`;
  }

  #body({ method, path }: TableRoute, ids: Ids): { readonly body?: Asked['body']; readonly type?: string } {
    const inputs = this.#inputs;
    if (method === 'GET' || (method === 'DELETE' && inputs.chance(0.9))) return {};
    if (/\/(import|ingest)$/.test(path)) return this.#mail(path);
    const rest = path.replace(/^\/(?:v0|api\/mailbox)(?:\/pods\/:pod_id|\/inboxes\/:inbox_id)?(?=\/)/, '');
    const whole = BODIES[`${method} ${rest}`]?.(ids) ?? {};
    const type = 'application/json';
    // One without a body waits for a minute.
    if (rest !== '/wait' && inputs.chance(0.05)) return {};
    const garbage = inputs.chance(0.08) ? this.#garbage(whole) : undefined;
    if (garbage !== undefined && !(rest === '/wait' && WAITS.test(String(garbage)))) return { type, body: garbage };
    const varied = this.#varied(whole);
    // What would only make an answer wait.
    const body = rest === '/wait' && isObject(varied) ? { timeout_seconds: 0, ...varied } : varied;
    return { type, body: JSON.stringify(body) };
  }

  /** Some of its members, one of which may be wrong, or several. */
  #varied(whole: Json): Json {
    const inputs = this.#inputs;
    if (!isObject(whole)) return whole;
    let body: Json = Object.fromEntries(Object.entries(whole).filter(() => inputs.chance(0.7)));
    for (const name of ['to', 'cc', 'reply_to'])
      if (name in body && inputs.chance(0.1)) body = { ...body, [name]: inputs.pick(ADDRESSES) };
    for (let changes = inputs.below(3); changes > 0; changes -= 1) body = inputs.spoilt(body);
    return body;
  }

  #garbage(whole: Json): Asked['body'] {
    const inputs = this.#inputs;
    const text = JSON.stringify(whole);
    const deep = '['.repeat(1 + inputs.below(100_000));
    return inputs.pick<NonNullable<Asked['body']>>([
      ...[
        '',
        '{',
        'null',
        '[]',
        '"',
        '\ufeff{}',
        '{"a":1e999}',
        '{"to":"a@x.com","to":"b@x.com"}',
        '{"__proto__":{"x":1}}',
        '\0',
        deep,
      ],
      ...[
        text.slice(0, inputs.below(text.length)),
        text + text,
        `{"to":${deep}}`,
        `{"text":"${'x'.repeat(3_000_000)}"}`,
      ],
      ...[Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d]), Buffer.from(text, 'utf16le'), text.replaceAll('"', "'")],
      ...[
        `{"labels":[${'"x",'.repeat(20_000)}"x"]}`,
        `{"metadata":{${Array.from({ length: 5_000 }, (_, at) => `"${at}":1`).join()}}}`,
      ],
    ]);
  }

  #mail(path: string): { readonly body: Asked['body']; readonly type: string } {
    const inputs = this.#inputs;
    const lines = ['Message-ID: <x@y.com>', `Subject: ${inputs.below(1_000)}`, '', 'Words.', ''].join('\r\n');
    const isImport = path.endsWith('import');
    const body = inputs.pick([
      lines,
      '',
      '\0',
      `From jane@y.com Thu Jan  1 00:00:00 1970\r\n${lines}`,
      'From \r\n'.repeat(200),
    ]);
    return { body, type: isImport ? 'application/mbox' : 'message/rfc822' };
  }
}

/** What is wrong about an answer; `undefined`: nothing. */
export function whyWrong({ method, path }: Asked, { status, type, text }: Answered): string | undefined {
  if (status >= 500) return `a fault of the node: ${text.slice(0, 300)}`;
  if (status === 204) return text === '' ? undefined : 'there is a body';
  if (!/^application\/json/.test(type)) return status < 400 ? undefined : `${type} for a refusal of ${method} ${path}`;
  const body = JSON.parse(text) as { name?: unknown; code?: unknown; message?: unknown; errors?: unknown };
  if (status < 400) return undefined;
  if (![body.name, body.code, body.message].every((one) => typeof one === 'string' && one !== ''))
    return `no name, code or message: ${text.slice(0, 300)}`;
  if (status === 400 && body.errors !== undefined && !Array.isArray(body.errors)) return 'errors that are no list';
  return undefined;
}
