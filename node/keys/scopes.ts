// What a key may do. A scope names routes; a key of scope `admin` may do all of it.
import type { AgentId } from '../../mesh/names.ts';

export const SCOPES = ['read', 'agents:write', 'webhooks', 'send', 'mailbox', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes that say something of one agent alone. The others are of the whole host, or show every agent's changes. */
export const AGENT_SCOPES: readonly Scope[] = ['read', 'agents:write', 'send', 'mailbox'];

/** Who shows a key, as far as the node needs to know. */
export interface Actor {
  /** For the log: the key's id and its name. */
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The one agent that the key acts for; absent: every agent of this host. */
  readonly agentId: AgentId | undefined;
}

/** Whether the key's scopes have this one; `admin` has all. */
export function mayDo({ scopes }: Actor, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin');
}
