// The path that a request asks for, the same for the gate and for every route: still percent-encoded (Hono's own would decode part of
// it), and a path that has moved under its new name, so that neither knows of the old one.

/** Hosts talk to each other below this. */
export const PEER_PATHS = '/api/mesh/v1/';

/** Pages for browsers lie here, at the root, and at `DOCS_PATH`. */
export const PAGE_PATHS = '/page/';
/** The API's document as a page. */
export const DOCS_PATH = '/docs';

/** Inboxes of agents, which have keys of their own: what AgentMail's clients know, and what they don't. */
export const MAILBOX_PATHS = ['/v0', '/api/mailbox'] as const;

export const OPENAPI_PATH = '/openapi.json';
/** Asked by hosts of the original, as a question: it changes nothing. */
export const REGISTER_PEER_PATH = '/api/hosts/register-peer';
/** Where one tells of the hosts that it knows; nothing is taken from it, so it is for who may read. */
export const EXCHANGE_PEERS_PATH = '/api/hosts/exchange-peers';
/** Passed on to the original, where that is wished for; it judges itself who may ask. */
export const FORWARDED_PATHS = '/api/v1/';
export const CHANGES_PATH = '/api/changes';
export const CONFLICTS_PATH = '/api/conflicts';
/** Where the conflicts lay before, among the routes between hosts. */
const FORMER_CONFLICTS_PATH = `${PEER_PATHS}conflicts`;

/** The path of an absolute URL, still encoded; the former path of conflicts is given as the one of today. */
export function requestPath(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const query = url.indexOf('?', start);
  const path = url.slice(start, query === -1 ? undefined : query);
  const isFormer = path === FORMER_CONFLICTS_PATH || path.startsWith(`${FORMER_CONFLICTS_PATH}/`);
  return isFormer ? CONFLICTS_PATH + path.slice(FORMER_CONFLICTS_PATH.length) : path;
}

/** Whether a path is one of these routes, or lies below one. Asked with each request, so nothing is put together then. */
export function amongRoutes(routes: readonly string[]): (path: string) => boolean {
  const starts = routes.map((route) => `${route}/`);
  return (path) => routes.includes(path) || starts.some((start) => path.startsWith(start));
}

/** Whether the mailbox's own router answers, and judges who may ask. */
export const isMailboxPath = amongRoutes(MAILBOX_PATHS);

/** Whether it is for browsers: the page, its files, the documentation. */
export function isPagePath(path: string): boolean {
  return path === '/' || path === DOCS_PATH || path.startsWith(PAGE_PATHS);
}
