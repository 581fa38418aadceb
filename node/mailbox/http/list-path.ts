// Where a list of whom an inbox writes to and hears from lies.
import type { ListNamed } from '../list-entry.ts';

/** The path that answers the list; an entry of it lies below. */
export function listPath({ scope, direction, listType }: ListNamed): string {
  const below =
    scope.kind === 'organization'
      ? ''
      : scope.kind === 'pod'
        ? `/pods/${encodeURIComponent(scope.podId)}`
        : `/inboxes/${encodeURIComponent(scope.inboxId)}`;
  return `/v0${below}/lists/${direction}/${listType}`;
}
