// A browser that somebody else's page has sent here is refused: its `Host` or its `Origin` is a name of theirs. That a name resolves to this machine
// is not enough, for whoever owns a domain can point it here (DNS rebinding). An IP literal can't be rebound; `localhost` and this host's names
// in hosts.json are the operator's.
import { isIP } from 'node:net';
import { MeshError } from '../../../mesh/errors.ts';
import type { Roster } from '../../../mesh/roster.ts';
import { isHealthCheck, type Visitor } from './visitor.ts';

/** `Host` texts judged already; they are few, unless somebody plays. */
const KNOWN_HOSTS_MAX = 1_000;

/** Why a visitor came by a name that is not this host's, or from a page of somebody else's; `undefined` when neither is so. */
export type RefuseForeigner = (visitor: Visitor) => MeshError | undefined;

/** Names of this node beside those of hosts.json, and origins whose pages may read. */
export interface KnownNames {
  /** In lower case. */
  readonly aliases: readonly string[];
  readonly origins: readonly string[];
}

/**
 * Returns a refusal (`forbidden_origin`) for a `Host` that is not this node's, or an `Origin` that may not do this; `undefined` for
 * whoever may go on.
 */
export function foreignerCheck(roster: () => Roster, { aliases, origins }: KnownNames): RefuseForeigner {
  const isOurName = createNameCheck(roster, aliases);
  return (visitor) => {
    const host = visitor.header('host') ?? '';
    // A health check of HTTP/1.0 names no host; no browser asks without one.
    if (host === '') return isHealthCheck(visitor.path) ? undefined : NAMELESS;
    if (!isOurName(host)) {
      const message = `This node does not answer to the name '${host.slice(0, 100)}'. Use its IP address, or add the name: start it with MESH_ALIASES=${hostName(host).slice(0, 100)}, or put it into this host's "aliases" in hosts.json.`;
      return new MeshError('forbidden_origin', message);
    }
    const origin = visitor.header('origin');
    if (origin === undefined || isSameOrigin(origin, host)) return undefined;
    const page = `Pages of '${origin.slice(0, 100)}'`;
    if (!origins.includes(origin))
      return new MeshError(
        'forbidden_origin',
        `${page} may not use this node; MESH_ORIGINS lists those that may read.`,
      );
    if (visitor.method === 'GET' || visitor.method === 'HEAD') return undefined;
    return new MeshError('forbidden_origin', `${page} may read here, and change nothing.`);
  };
}

const NAMELESS = new MeshError(
  'forbidden_origin',
  'This request says by no Host which name it means. Only /health and /ready are answered so: send a Host header.',
);

/** Judges each `Host` once, until hosts.json is edited. */
function createNameCheck(roster: () => Roster, aliases: readonly string[]): (host: string) => boolean {
  let judgedFor: Roster | undefined;
  let known = new Map<string, boolean>();
  return (host) => {
    if (judgedFor !== roster() || known.size > KNOWN_HOSTS_MAX) {
      judgedFor = roster();
      known = new Map();
    }
    let verdict = known.get(host);
    if (verdict === undefined) {
      verdict = isNameOf(host, roster(), aliases);
      known.set(host, verdict);
    }
    return verdict;
  };
}

function isNameOf(host: string, { self }: Roster, aliases: readonly string[]): boolean {
  const name = hostName(host);
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return name === self.id || name === new URL(self.url).hostname || [...self.aliases, ...aliases].includes(name);
}

/** `Host` without its port and brackets, in lower case. */
export function hostName(host: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
