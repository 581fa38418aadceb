// Who looks at a page, and what the API would let them do.
import type { MeshError } from '../../mesh/errors.ts';
import type { AgentId } from '../../mesh/names.ts';
import type { Gate } from '../http/gate/gate.ts';
import type { Sessions } from '../http/gate/sessions.ts';
import type { Visitor } from '../http/gate/visitor.ts';

/** A route of the API. */
export type Asked = Pick<Visitor, 'method' | 'path'>;

export interface Asker {
  /** By what somebody logged in: the key's name, or that it was a token; absent: nobody has. */
  readonly name: string | undefined;
  /** The key's id, for the log. */
  readonly keyId: string | undefined;
  /** The one agent that the key acts for; absent: any. */
  readonly agentId: AgentId | undefined;
  /** What each form must bring along. */
  readonly formToken: string;
  /** Why the API would refuse them that route; `undefined` when it would not. */
  refuses(asked: Asked): MeshError | undefined;
}

export interface AskerServices {
  readonly gate: Pick<Gate, 'refusesOnPage' | 'actorOnPage' | 'logsIn'>;
  readonly sessions: Sessions;
}

export function askerOf(visitor: Visitor, { gate, sessions }: AskerServices): Asker {
  const cookies = visitor.header('cookie');
  const actor = gate.actorOnPage(visitor);
  const isToken = actor === undefined && sessions.credentialIn(cookies)?.isKey === false;
  return {
    name: actor?.name ?? (isToken ? 'the token of this node' : undefined),
    keyId: actor?.id,
    agentId: actor?.agentId,
    formToken: sessions.formToken(cookies),
    refuses: (asked) => gate.refusesOnPage(visitor, asked),
  };
}

/** `GET /api/agents/:id` with an id of any letters. */
export function reading(...segments: readonly string[]): Asked {
  return { method: 'GET', path: `/api/${segments.map(encodeURIComponent).join('/')}` };
}

export function posting(...segments: readonly string[]): Asked {
  return { method: 'POST', path: `/api/${segments.map(encodeURIComponent).join('/')}` };
}
