// What an agent may be called. Consumers make paths and addresses of names, so none may leave a directory, nor be two spellings of one.
// Names given before this rule stay as they are: the registry says at the start which these are.
import { AGENT_NAME_CHARACTERS_MAX } from '../../mesh/limits.ts';
import type { Log } from '../log.ts';
import type { Agent } from './agent.ts';
import { displayNameFault } from './display-name.ts';

const ALPHABET = /^[A-Za-z0-9/_.-]+$/;
/** Agents named in the report; the others are counted. */
const REPORTED_MAX = 20;

/** What would be right, to follow "is not valid:", or `undefined`. */
export function agentNameFault(name: string): string | undefined {
  if (name === '') return 'must have at least 1 character';
  if (!ALPHABET.test(name)) return "must consist of the letters A to Z and a to z, digits, '/', '_', '.' and '-'";
  if (name.length > AGENT_NAME_CHARACTERS_MAX) return `must have at most ${AGENT_NAME_CHARACTERS_MAX} characters`;
  const segments = name.split('/');
  if (segments.includes('')) return "must not begin or end with '/', nor have two of them in a row";
  if (segments.some((segment) => segment === '.' || segment === '..')) return "must have no part that is '.' or '..'";
  return undefined;
}

/** Names are kept when the rules for them became stricter: an agent is known by its own. */
export class KeptNames {
  #count = 0;
  readonly #some: Pick<Agent, 'id' | 'name'>[] = [];
  /** Addresses of one agent mostly have one display name. */
  #fine: string | undefined;

  /** Looks at an agent as it was stored, and at the display names of its addresses. */
  see({ id, name }: Pick<Agent, 'id' | 'name'>, displayNames: readonly (string | undefined)[]): void {
    if (agentNameFault(name) === undefined && !displayNames.some((displayName) => this.#isFaulty(displayName))) return;
    this.#count += 1;
    if (this.#some.length < REPORTED_MAX) this.#some.push({ id, name });
  }

  /** Tells of those that could not be given today, if there are any. */
  report(log: Log): void {
    if (this.#count === 0) return;
    log.warn('agents.names_kept', {
      count: this.#count,
      agents: this.#some,
      message:
        'These agents have a name, or a displayName, that could not be given today: names consist of A–Z, a–z, 0–9, / _ . and -, and a displayName has at most 255 octets. They go on as they are; consumers that make paths or addresses of them may not cope.',
    });
  }

  #isFaulty(displayName: string | undefined): boolean {
    if (displayName === undefined || displayName === this.#fine) return false;
    if (displayNameFault(displayName) !== undefined) return true;
    this.#fine = displayName;
    return false;
  }
}
