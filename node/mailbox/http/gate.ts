// What a request may touch: the key's permissions first, which are the same whatever there is, then what its path names. What lies outside of
// the key's scope, or under a label that it may not read, is answered as what never was, whatever the route.
import type { Context } from 'hono';
import { pathSegment } from '../../http/input.ts';
import type { Caller } from '../api-key.ts';
import { MailboxError, noSuch } from '../errors.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Pods } from '../org/pods.ts';
import { allows, deniedLabels, type Permission } from '../permission.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import { levelOf, type Scope } from '../scope.ts';
import { callerOf } from './caller.ts';

/** `any_key`: nothing. `organization_key`: a key of the organization that may do everything. */
export type Need = Permission | readonly Permission[] | 'any_key' | 'organization_key';

export interface GateParts {
  readonly inboxes: Pick<Inboxes, 'get' | 'idOf'>;
  readonly pods: Pick<Pods, 'find'>;
  readonly query: Asks<Pick<QueryQuestions, 'isLabelled'>>;
}

/** Names in the patterns of paths; whatever has one of them is looked at here before its handler is. */
const [POD, INBOX, MESSAGE, THREAD, DRAFT] = ['pod_id', 'inbox_id', 'message_id', 'thread_id', 'draft_id'] as const;
/** What is not there for a key that may not read a label of it. */
const HIDDEN = { [MESSAGE]: 'message', [THREAD]: 'thread', [DRAFT]: 'draft' } as const;
type Hidden = keyof typeof HIDDEN;

export class Gate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Resolves with what the path names, which need not be there where it is an inbox. Throws `missing_permission`, `forbidden`, `not_found`. */
  async admit(c: Context, need: Need): Promise<Scope> {
    const caller = callerOf(c);
    refuseWithout(caller, need);
    const names = c.req.routePath.split('/').filter((part) => part.startsWith(':'));
    const has = (name: string) => names.includes(`:${name}`);
    const podId = has(POD) ? await this.#pod(c, caller) : caller.podId;
    const inboxId = has(INBOX) ? await this.#inbox(c, caller, podId) : caller.inboxId;
    const hidden = ([MESSAGE, THREAD, DRAFT] as const).find(has);
    if (hidden !== undefined) await this.#refuseHidden(c, inboxId, hidden);
    return { podId, inboxId };
  }

  /** The scope of an inbox that is there. Throws `not_found`, `misdirected`. */
  async existing({ inboxId = '' }: Scope): Promise<Scope> {
    const inbox = await this.#parts.inboxes.get(inboxId);
    return { podId: inbox.podId, inboxId: inbox.inboxId };
  }

  async #pod(c: Context, caller: Caller): Promise<string> {
    // The pod of an inbox is above it.
    const pod = levelOf(caller) === 'inbox' ? undefined : await this.#parts.pods.find(pathSegment(c, POD));
    if (pod === undefined || (caller.podId ?? pod.podId) !== pod.podId) throw noSuch('pod');
    return pod.podId;
  }

  async #inbox(c: Context, caller: Caller, podId: string | undefined): Promise<string | undefined> {
    const { inboxes } = this.#parts;
    const text = pathSegment(c, INBOX);
    const inboxId = inboxes.idOf(text);
    if (caller.inboxId !== undefined) {
      if (inboxId !== caller.inboxId) throw noSuch('inbox');
    } else if (podId !== undefined) await inboxes.get(text, { podId });
    return inboxId ?? text;
  }

  async #refuseHidden(c: Context, inboxId: string | undefined, what: Hidden): Promise<void> {
    const labels = deniedLabels(callerOf(c).permissions);
    if (labels.length === 0) return;
    const id = pathSegment(c, what);
    const named = { [MESSAGE]: { inboxId, messageId: id }, [THREAD]: { threadId: id }, [DRAFT]: { draftId: id } }[what];
    if (!(await this.#parts.query.ask('isLabelled', { ...named, labels }))) return;
    // In the words of a route that finds no such mail.
    if (c.req.routePath.includes(':attachment_id')) throw noSuch('attachment');
    throw noSuch(HIDDEN[what]);
  }
}

/** Throws `missing_permission`, `forbidden`, `unrestricted_key_required`. */
function refuseWithout(caller: Caller, need: Need): void {
  if (need === 'any_key') return;
  if (need === 'organization_key') {
    if (levelOf(caller) !== 'organization')
      throw new MailboxError(
        'forbidden',
        `This takes a key of the organization, and yours is of one ${levelOf(caller)}.`,
      );
    if (caller.permissions !== undefined)
      throw new MailboxError(
        'unrestricted_key_required',
        'This takes a key without permissions, which may do everything.',
      );
    return;
  }
  const missing = [need].flat().find((permission) => !allows(caller.permissions, permission));
  if (missing !== undefined) throw missingPermission(missing);
}

export function missingPermission(permission: Permission): MailboxError {
  return new MailboxError('missing_permission', `Your key has not the permission '${permission}'.`, {
    fix: `Ask with a key that has '${permission}', or none at all and so all of them.`,
  });
}
