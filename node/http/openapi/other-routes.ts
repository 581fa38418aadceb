// Routes that a node serves and its document leaves out, each with the reason: nothing is left out by oversight.
import { DOCS_PATH, FORWARDED_PATHS, PAGE_PATHS, PEER_PATHS } from '../paths.ts';

interface OtherRoute {
  /** The path, or with a slash at its end, all that lie below it. */
  readonly path: string;
  /** A phrase. */
  readonly why: string;
}

/** What the node answers that is no part of this API, and why. */
export const OTHER_ROUTES: readonly OtherRoute[] = [
  { path: PEER_PATHS, why: 'what hosts ask each other, nodes of one program, signed both ways' },
  { path: FORWARDED_PATHS, why: 'passed on to another program where `MESH_FORWARD` names one' },
  { path: '/', why: 'the page for people' },
  { path: PAGE_PATHS, why: 'its other pages' },
  { path: DOCS_PATH, why: 'this document, as a page' },
];

/** Whether the path is none of this API, and so has no place in its document. */
export function isOtherRoute(path: string): boolean {
  return OTHER_ROUTES.some((other) =>
    other.path.length > 1 && other.path.endsWith('/') ? path.startsWith(other.path) : path === other.path,
  );
}
