// The door of these pages: each stands for a route of the mailbox, is named Mailbox in the head, and is refused in the page's own words.
import type { Context } from 'hono';
import { type ErrorCode, MeshError } from '../../../mesh/errors.ts';
import { pathSegment } from '../../http/input.ts';
import { type Asked, posting, reading } from '../../page/asker.ts';
import type { Acted, Given, PageDoor, Shown } from '../../page/door.ts';
import { type MailboxCode, MailboxError } from '../errors.ts';

const SECTION = 'mailbox';

/** Refusals of the mailbox as the page answers them. What a client of `/v0` shows is nothing that a page can lack. */
const CODES: Readonly<Record<MailboxCode, ErrorCode>> = {
  validation_error: 'invalid_request',
  missing_authorization: 'unauthorized',
  unknown_api_key: 'unauthorized',
  domain_not_verified: 'forbidden',
  payload_too_large: 'payload_too_large',
  limit_exceeded: 'limit_exceeded',
  missing_permission: 'forbidden',
  permission_escalation: 'forbidden',
  unrestricted_key_required: 'forbidden',
  cannot_delete: 'forbidden',
  forbidden: 'forbidden',
  message_rejected: 'forbidden',
  resource_taken: 'conflict',
  not_found: 'not_found',
  not_implemented: 'not_found',
  conflict: 'conflict',
  race_condition: 'conflict',
  unprocessable: 'invalid_request',
  query_range_too_wide: 'invalid_request',
  misdirected: 'not_found',
  rate_limit_exceeded: 'rate_limited',
  service_unavailable: 'overloaded',
  internal_error: 'internal_error',
};

export class MailboxDoor {
  readonly #door: PageDoor;

  constructor(door: PageDoor) {
    this.#door = door;
  }

  show(path: string, view: Shown['view']): void {
    this.#door.show(path, {
      section: SECTION,
      needs: neededBy('GET'),
      view: (c, asker) => inPageWords(() => view(c, asker)),
    });
  }

  give(path: string, answer: Given['answer']): void {
    this.#door.give(path, { needs: neededBy('GET'), answer: (c) => inPageWords(() => answer(c)) });
  }

  act(path: string, run: Acted['run'], formBytesMax?: number): void {
    this.#door.act(path, {
      ...{ section: SECTION, needs: neededBy('POST') },
      ...(formBytesMax === undefined ? {} : { formBytesMax }),
      run: (c, form, asker) => inPageWords(() => run(c, form, asker)),
    });
  }
}

/** Whether a button may do anything: all actions need the same. */
export const acting: Asked = posting('mailbox');

/** A refusal of the mailbox, with what helps, in the words of the page; anything else is thrown again. */
export function pageRefusal(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (!(error instanceof MailboxError)) throw error;
  const { code, message, detail } = error;
  const { fix, retryAfterSeconds } = detail;
  const again = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new MeshError(CODES[code], fix === undefined ? message : `${message} ${fix}`, { cause: error, ...again });
}

async function inPageWords<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw pageRefusal(error);
  }
}

/** The path of the page as one of the mailbox's own API: which inbox it is about stands in it, in the log and in a refusal. */
function neededBy(method: 'GET' | 'POST'): (c: Context) => Asked {
  return (c) => {
    const inbox = c.req.param('inbox') === undefined ? [] : ['inboxes', pathSegment(c, 'inbox')];
    return method === 'GET' ? reading('mailbox', ...inbox) : posting('mailbox', ...inbox);
  };
}
