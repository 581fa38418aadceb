// A host as the page shows it: how this host finds it, and what to do when something is wrong.
import type { HostId } from '../../mesh/names.ts';
import type { Host } from '../../mesh/roster.ts';
import type { HealthRoutesOptions } from '../http/routes/health.ts';
import type { Seen } from '../peers/heartbeat/presence.ts';
import type { Tone } from './fragments.ts';

export interface HostView {
  readonly id: HostId;
  readonly name: string;
  readonly url: string;
  readonly isSelf: boolean;
  readonly votes: boolean;
  readonly tone: Tone;
  /** How it is, in a word or two. */
  readonly word: string;
  readonly rttMs?: number | undefined;
  readonly lastSeenAt?: string | undefined;
  /** Whether its changes are followed. */
  readonly feed?: string | undefined;
  /** What is wrong, and what helps, a sentence each. */
  readonly trouble?: Trouble | undefined;
}

interface Trouble {
  readonly what: string;
  readonly mend: string;
}

interface Feed {
  readonly state: string;
  readonly asOf?: string;
  readonly why?: string;
}

/** In the order of hosts.json. */
export function hostViews(options: HealthRoutesOptions): readonly HostView[] {
  const { roster, claims } = options;
  const voters = new Set(claims.store.status().voters);
  const { self, hosts } = roster();
  return hosts.map((host) => viewOf(host, host.id === self.id, voters.has(host.id), options));
}

function viewOf(host: Host, isSelf: boolean, votes: boolean, { peer, legacy, more }: HealthRoutesOptions): HostView {
  const { id, name, url, enabled } = host;
  const base = { id, name, url, isSelf, votes };
  if (isSelf) return { ...base, tone: 'good', word: 'this host' };
  if (!enabled) return { ...base, tone: 'off', word: 'disabled' };
  const seen = peer(id);
  const feed = more(id).feed as Feed | undefined;
  const trouble = troubleOf(host, seen, feed, legacy.remark(id));
  return {
    ...base,
    ...wordOf(seen, trouble),
    ...{ rttMs: seen.rttMs, lastSeenAt: seen.lastSeenAt, feed: feed?.state, trouble },
  };
}

function wordOf({ status }: Seen, trouble: Trouble | undefined): { readonly tone: Tone; readonly word: string } {
  if (status === 'offline') return { tone: 'bad', word: 'not reached' };
  if (status === 'unknown') return { tone: 'wait', word: 'not heard yet' };
  return trouble === undefined ? { tone: 'good', word: 'there' } : { tone: 'wait', word: 'there, but' };
}

function troubleOf(
  { id, url }: Host,
  { status, why, key }: Seen,
  feed: Feed | undefined,
  remark: string | undefined,
): Trouble | undefined {
  if (key.state === 'changed' || key.state === 'untrusted')
    return {
      what: key.why ?? `Host '${id}' speaks with another key than this host knows.`,
      mend: 'Give both hosts the same MESH_SECRET; or, if the key is right, write it into hosts.json as "publicKey".',
    };
  if (status === 'offline')
    return {
      what: why ?? `Host '${id}' does not answer.`,
      mend: `Is its node running, and its port open? Try it from this machine: curl ${url}/health`,
    };
  if (why !== undefined)
    return { what: why, mend: 'Compare the clocks (NTP), hosts.json and MESH_SECRET of both hosts.' };
  if (remark !== undefined) return { what: remark, mend: 'Until then, it is asked before each claim.' };
  if (feed?.state === 'refused' || feed?.state === 'silent')
    return {
      what: feed.why ?? `Its changes are not followed: it is ${feed.state}.`,
      mend: 'Look-ups still ask it directly. The log of this node says more (events that begin with feed.).',
    };
  return undefined;
}
