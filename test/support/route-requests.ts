// What is sent to each route of the mailbox: a request is made of the route as the table has it and of ids. A route that is put in later is
// refused here until it is said what its ids are and what it is sent.

/** Ids that a request may name, in its path or in its body. */
export const ID_KINDS = ['pod', 'inbox', 'message', 'thread', 'key', 'webhook', 'entry', 'draft', 'domain'] as const;
export type IdKind = (typeof ID_KINDS)[number];
export type Pick = (kind: IdKind) => string;

export interface TableRoute {
  readonly method: string;
  readonly path: string;
  readonly needs: readonly string[];
}

/** Ids of what never was. */
export const NEVER: Readonly<Record<IdKind, string>> = {
  ...{ pod: '00000000-0000-4000-8000-000000000000', inbox: 'never@agents.example.com', message: '<never@y.com>' },
  ...{ thread: '00000000-0000-4000-8000-000000000001', key: '00000000-0000-4000-8000-000000000002' },
  ...{ webhook: '00000000-0000-4000-8000-000000000003', entry: 'never.example', draft: 'never' },
  domain: 'never.example.com',
};

/** Every mail of the tests has one file, and so all files have one id. */
export const ATTACHMENT_ID = '1-0badcafe';

const PARAMETERS: Readonly<Record<string, IdKind>> = {
  ...{ pod_id: 'pod', inbox_id: 'inbox', message_id: 'message', thread_id: 'thread' },
  ...{ key_id: 'key', webhook_id: 'webhook', entry: 'entry', draft_id: 'draft', domain_id: 'domain' },
};
/** What is the same in every request. */
const CONSTANTS: Readonly<Record<string, string>> = {
  ...{ attachment_id: '', direction: 'receive', type: 'block' },
};
const LABELS = { add_labels: ['x'] };
const HOOK = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
const DEAD = { lease: 'dead' };

type Body = object | string | undefined;

/** By method and path, without what the path is below; a GET and a DELETE are sent nothing. `level`: what it is below. */
const BODIES: Readonly<Record<string, (pick: Pick, level: string) => Body>> = {
  'POST /pods': () => ({}),
  'POST /inboxes': () => ({}),
  'PATCH /inboxes/:inbox_id': () => ({ display_name: 'x' }),
  'POST /domains': () => ({ domain: 'new.example.com', allow_conflicting_provider: true }),
  'PATCH /domains/:domain_id': () => ({ feedback_enabled: true }),
  'POST /domains/:domain_id/verify': () => undefined,
  'POST /api-keys': () => ({}),
  'PATCH /api-keys/:key_id': () => ({ name: 'x' }),
  'POST /webhooks': (pick, level) => ({ ...HOOK, ...hookNames(pick, level, '') }),
  'PATCH /webhooks/:webhook_id': (pick, level) => ({
    event_types: ['message.sent'],
    ...hookNames(pick, level, 'add_'),
  }),
  'PATCH /webhooks/:webhook_id/headers': () => ({ headers: { 'x-key': 'k' } }),
  'POST /messages/batch-get': (pick) => ({ message_ids: [pick('message')] }),
  'POST /messages/batch-update': (pick) => ({ message_ids: [pick('message')], ...LABELS }),
  'PATCH /messages/:message_id': () => LABELS,
  'PATCH /threads/:thread_id': () => LABELS,
  'POST /messages/send': () => ({ to: 'nobody@agents.example.com', text: 'x' }),
  'POST /messages/:message_id/reply': () => ({ text: 'x' }),
  'POST /messages/:message_id/reply-all': () => ({ text: 'x' }),
  'POST /messages/:message_id/forward': () => ({ to: 'nobody@agents.example.com' }),
  'PUT /settings': () => ({ retention_days: 1 }),
  'POST /claim': () => ({ worker: 'w', labels: ['none'] }),
  'POST /wait': () => ({ timeout_seconds: 0, labels: ['none'] }),
  'POST /messages/:message_id/extend': () => DEAD,
  'POST /messages/:message_id/complete': () => DEAD,
  'POST /messages/:message_id/release': () => DEAD,
  'POST /lists/:direction/:type': () => ({ entry: 'z.example' }),
  'POST /drafts': () => ({ text: 'x' }),
  'PATCH /drafts/:draft_id': () => ({ text: 'x' }),
  'POST /drafts/:draft_id/send': () => ({}),
  'POST /import': () => 'From jane@y.com\r\nSubject: Hello\r\n\r\nHello.\r\n',
  'POST /ingest': () => 'Subject: Hello\r\n\r\nHello.\r\n',
};

/** What a query must have for a route to answer at all. */
const QUERIES: Readonly<Record<string, string>> = {
  '/inboxes/search': '?q=agents',
  '/messages/search': '?q=hello',
  '/threads/search': '?q=hello',
  '/where': '?address=nobody@agents.example.com',
};

function hookNames(pick: Pick, level: string, add: string): object {
  if (level === 'inbox') return {};
  const ofInboxes = { [`${add}inbox_ids`]: [pick('inbox')] };
  return level === 'pod' ? ofInboxes : { ...ofInboxes, [`${add}pod_ids`]: [pick('pod')] };
}

/** The path without what it is below, and that. */
function partsOf(path: string): { readonly rest: string; readonly level: string } {
  const [, below = '', rest = ''] =
    /^\/(?:v0|api\/mailbox)(\/pods\/:pod_id|\/inboxes\/:inbox_id)?(\/.*)$/.exec(path) ?? [];
  return { rest, level: below === '' ? 'organization' : below.startsWith('/pods') ? 'pod' : 'inbox' };
}

/** The ids that a request to the route names, those of its path first. Throws where that is not known. */
export function idsOf(route: TableRoute): readonly { readonly kind: IdKind; readonly isInBody: boolean }[] {
  const names = [...route.path.matchAll(/:(\w+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => CONSTANTS[name] === undefined);
  const inPath = names.map((name) => {
    const kind = PARAMETERS[name];
    if (kind === undefined) throw new Error(`Say in test/support/route-requests.ts which ids ':${name}' takes.`);
    return { kind, isInBody: false };
  });
  const inBody: IdKind[] = [];
  bodyOf(route, (kind) => {
    inBody.push(kind);
    return kind;
  });
  return [...inPath, ...inBody.map((kind) => ({ kind, isInBody: true }))];
}

export interface RequestParts {
  /** The ids to name. */
  readonly inPath: Pick;
  readonly inBody: Pick;
  /** Of the key. */
  readonly text: string;
  /** Where it is sent; absent: to nobody. */
  readonly origin?: string;
  /** Absent: that of the tests' mails. */
  readonly attachmentId?: string;
}

export function requestTo(
  route: TableRoute,
  { inPath, inBody, text, origin = 'http://localhost', attachmentId = ATTACHMENT_ID }: RequestParts,
): Request {
  const constants: Readonly<Record<string, string>> = { ...CONSTANTS, attachment_id: attachmentId };
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const kind = PARAMETERS[name];
    return encodeURIComponent(kind === undefined ? (constants[name] ?? '') : inPath(kind));
  });
  const body = bodyOf(route, inBody);
  const isMail = typeof body === 'string';
  const query = route.path.endsWith('/ingest')
    ? '?to=nobody@agents.example.com'
    : (QUERIES[partsOf(route.path).rest] ?? '');
  const headers = {
    host: 'localhost',
    authorization: `Bearer ${text}`,
    'content-type': isMail
      ? route.path.endsWith('/import')
        ? 'application/mbox'
        : 'message/rfc822'
      : 'application/json',
  };
  return new Request(`${origin}${path}${query}`, {
    ...{ method: route.method, headers },
    ...(body === undefined ? {} : { body: isMail ? body : JSON.stringify(body) }),
  });
}

function bodyOf({ method, path }: TableRoute, pick: Pick): Body {
  if (method === 'GET' || method === 'DELETE') return undefined;
  const { rest, level } = partsOf(path);
  const body = BODIES[`${method} ${rest}`];
  if (body === undefined) throw new Error(`Say in test/support/route-requests.ts what '${method} ${rest}' is sent.`);
  return body(pick, level);
}
