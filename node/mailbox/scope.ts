// The part of the organization that a key opens, and that a request is about: all of it, one pod, or one inbox.

/** The widest first: an inbox is in a pod, a pod in the organization. */
export const LEVELS = ['organization', 'pod', 'inbox'] as const;
export type Level = (typeof LEVELS)[number];

/** Neither: the whole organization. An inbox is narrower than the pod that may stand beside it. */
export interface Scope {
  readonly podId?: string | undefined;
  readonly inboxId?: string | undefined;
}

export function levelOf({ podId, inboxId }: Scope): Level {
  if (inboxId !== undefined) return 'inbox';
  return podId === undefined ? 'organization' : 'pod';
}

/** Whether an inbox, with the pod that it is in, lies within a scope. */
export function holdsInbox(
  scope: Scope,
  { podId, inboxId }: { readonly podId: string; readonly inboxId: string },
): boolean {
  return scope.inboxId === undefined ? scope.podId === undefined || scope.podId === podId : scope.inboxId === inboxId;
}
