// What a key may do within its scope. A key without permissions may do everything; one that has any may do what they say is true.
import type { HiddenLabel } from './stored-mail.ts';

/** The words are AgentMail's. Those of `provider_` are kept, and open nothing: there are no providers here. */
export const PERMISSIONS = [
  ...(['inbox_read', 'inbox_create', 'inbox_update', 'inbox_delete'] as const),
  ...(['message_read', 'message_send', 'message_update', 'message_delete'] as const),
  ...(['label_spam_read', 'label_blocked_read', 'label_unauthenticated_read', 'label_trash_read'] as const),
  ...(['draft_read', 'draft_create', 'draft_update', 'draft_delete', 'draft_send'] as const),
  ...(['webhook_read', 'webhook_create', 'webhook_update', 'webhook_delete'] as const),
  ...(['domain_read', 'domain_create', 'domain_update', 'domain_delete'] as const),
  ...(['list_entry_read', 'list_entry_create', 'list_entry_delete'] as const),
  'metrics_read',
  ...(['api_key_read', 'api_key_create', 'api_key_update', 'api_key_delete'] as const),
  ...(['provider_connect', 'provider_share_owner'] as const),
  ...(['pod_read', 'pod_create', 'pod_delete'] as const),
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Permissions as they were given to a key. */
export type Permissions = { readonly [_ in Permission]?: boolean | undefined };

const LABELS: readonly HiddenLabel[] = ['spam', 'blocked', 'unauthenticated', 'trash'];

export function allows(permissions: Permissions | undefined, permission: Permission): boolean {
  return permissions === undefined || permissions[permission] === true;
}

/** What a key has that another has not: a permission, or `all` of them. */
export type Excess = Permission | 'all';

/** `undefined`: nothing. */
export function excessOf(child: Permissions | undefined, parent: Permissions | undefined): Excess | undefined {
  if (parent === undefined) return undefined;
  if (child === undefined) return 'all';
  return PERMISSIONS.find((permission) => child[permission] === true && parent[permission] !== true);
}

/** What a key opens that was given some permissions, and opens no more than another one. */
export function withinBoth(given: Permissions | undefined, other: Permissions | undefined): Permissions | undefined {
  if (given === undefined || other === undefined) return given ?? other;
  const isGiven = ([permission, value]: [string, boolean | undefined]) =>
    [permission, value === true && other[permission as Permission] !== true ? false : value] as const;
  return Object.fromEntries(Object.entries(given).map(isGiven));
}

/** The permission to read what has a label that hides it. */
export function toRead(label: HiddenLabel): Permission {
  return `label_${label}_read`;
}

/** Labels under which a key reads nothing: what has one of them is not there for it. */
export function deniedLabels(permissions: Permissions | undefined): readonly HiddenLabel[] {
  return LABELS.filter((label) => !allows(permissions, toRead(label)));
}
