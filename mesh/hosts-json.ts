// hosts.json → roster: its fields, what may be in them, and which entry is this host.
// The hosts.json of AI Maestro is accepted as it is: unknown fields are kept, ids are lower-cased, an absent `enabled` means true.
import { z } from 'zod';
import { MeshError } from './errors.ts';
import { isMap, JsonFault, jsonPath, parseForeignJson } from './json/foreign-json.ts';
import { FILE_BOUNDS } from './json/json-shape.ts';
import { schemaSentence } from './json/schema-sentences.ts';
import { HOSTS_MAX } from './limits.ts';
import { hostIdSchema } from './name-schemas.ts';
import { type HostId, parseHostId } from './names.ts';
import { type Host, type Roster, rosterOf } from './roster.ts';

/** What tells a host which entry of hosts.json it is; an entry of `"type": "local"` tells it, too. */
export interface SelfHint {
  /** `--host` / `MESH_HOST`. */
  readonly id?: string | undefined;
  /** The machine's own host name, the last resort. */
  readonly hostName: string;
}

/** The URL of a host that no file gives one: as in the hosts.json of this repository. */
const LONE_URL = 'http://127.0.0.1:23000';

const httpUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.pathname === '/' && url.search === '') {
    return url.origin;
  }
  context.addIssue({ code: 'custom', message: 'must be http://host:port or https://host:port, without a path' });
  return z.NEVER;
});

const hostEntry = z.looseObject({
  id: hostIdSchema,
  name: z.string().max(256).optional(),
  url: httpUrl,
  enabled: z.boolean().optional(),
  voter: z.boolean().optional(),
  legacy: z.boolean().optional(),
  publicKey: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the 43 base64url characters that the peer prints as its publicKey')
    .optional(),
  aliases: z.array(z.string()).optional(),
  type: z.string().optional(),
});

const hostsFile = z.looseObject({ hosts: z.array(hostEntry).min(1).max(HOSTS_MAX) });

/**
 * Reads the text of hosts.json. Throws a `MeshError` `invalid_request` whose message lists every mistake with its JSON path.
 * `running`: this host, when it runs already. The file may leave it out then, which is the wish that it leave the mesh.
 */
export function parseRoster(text: string, hint: SelfHint, running?: Host): Roster {
  let json: unknown;
  try {
    json = parseForeignJson(text, FILE_BOUNDS);
  } catch (cause) {
    throw new MeshError('invalid_request', `hosts.json ${faultOf(cause)}.`, { cause });
  }
  const { file, leftOut } = usableEntries(json, hint);
  const parsed = hostsFile.safeParse(file, { error: schemaSentence });
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map((issue) => `${jsonPath(issue.path) || 'the file'} ${issue.message}`);
    throw new MeshError('invalid_request', `hosts.json has mistakes: ${mistakes.join('; ')}.`);
  }
  const hosts = parsed.data.hosts.map(toHost);
  refuseTwins(hosts);
  const self = running === undefined ? findSelf(hosts, hint) : (hosts.find(({ id }) => id === running.id) ?? running);
  return { ...rosterOf(hosts, self), leftOut };
}

/**
 * Takes what can't be used out of a file that the original keeps by itself, for nobody edits that by hand; where it lists nobody, this host
 * is alone. In any other file an entry that was left out for a mistake would be a host that leaves the mesh.
 */
function usableEntries(
  file: unknown,
  { id, hostName }: SelfHint,
): { readonly file: unknown; readonly leftOut: readonly string[] } {
  if (!isMap(file) || typeof file.organization !== 'string' || !Array.isArray(file.hosts)) return { file, leftOut: [] };
  const entries = file.hosts as readonly unknown[];
  if (entries.length === 0) return { file: { hosts: [{ id: id ?? hostName, url: LONE_URL }] }, leftOut: [] };
  const leftOut: string[] = [];
  const hosts = entries.filter((entry, at) => {
    if (!isMap(entry)) return true;
    const { url } = entry;
    if (typeof url === 'string' && url !== '' && httpUrl.safeParse(url).success) return true;
    leftOut.push(
      `hosts[${at}] ('${String(entry.id).slice(0, 64)}') has no URL of the form http://host:port, and is left out.`,
    );
    return false;
  });
  return { file: { ...file, hosts }, leftOut };
}

/** One entry of hosts.json, as `Host.entry` keeps it; `undefined` when it has mistakes. */
export function parseHost(entry: unknown): Host | undefined {
  const parsed = hostEntry.safeParse(entry, { error: schemaSentence });
  return parsed.success ? toHost(parsed.data) : undefined;
}

function findSelf(hosts: readonly Host[], hint: SelfHint): Host {
  const listed = hosts.map((host) => host.id).join(', ');
  if (hint.id !== undefined) {
    const id = parseHostId(hint.id);
    const named = hosts.find((host) => host.id === id);
    if (named) return named;
    throw new MeshError(
      'invalid_request',
      `hosts.json has no host '${hint.id}' (--host / MESH_HOST). It lists: ${listed}.`,
    );
  }
  const local = hosts.filter((host) => host.entry.type === 'local');
  if (local.length === 1 && local[0]) return local[0];
  if (local.length > 1) {
    const ids = local.map((host) => host.id).join(', ');
    throw new MeshError(
      'invalid_request',
      `hosts.json marks more than one host "type": "local" (${ids}). Say which is this one with --host.`,
    );
  }
  const name = hint.hostName.toLowerCase();
  const short = name.split('.')[0];
  const fits = hosts.filter((host) =>
    [host.id as string, ...host.aliases].some((known) => known === name || known === short),
  );
  if (fits.length === 1 && fits[0]) return fits[0];
  throw new MeshError(
    'invalid_request',
    `hosts.json does not tell which host this is: none is marked "type": "local" and ${fits.length === 0 ? 'no id is' : 'more than one entry is'} this machine's name '${hint.hostName}'. Say it with --host ID. It lists: ${listed}.`,
  );
}

function refuseTwins(hosts: readonly Host[]): void {
  const seen = new Map<string, HostId>();
  for (const host of hosts) {
    for (const [what, value] of [
      ['id', host.id],
      ['url', host.url],
    ] as const) {
      const twin = seen.get(`${what} ${value}`);
      if (twin !== undefined) {
        throw new MeshError(
          'invalid_request',
          `hosts.json lists the ${what} '${value}' twice (hosts '${twin}' and '${host.id}'). Each host needs its own.`,
        );
      }
      seen.set(`${what} ${value}`, host.id);
    }
  }
}

function toHost(entry: z.infer<typeof hostEntry>): Host {
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    url: entry.url,
    enabled: entry.enabled ?? true,
    voter: entry.voter,
    legacy: entry.legacy,
    publicKey: entry.publicKey,
    aliases: entry.aliases?.map((alias) => alias.toLowerCase()) ?? [],
    entry,
  };
}

function faultOf(cause: unknown): string {
  if (!(cause instanceof JsonFault)) throw cause;
  return cause.field === undefined ? cause.message : `${cause.message} (${cause.field})`;
}
