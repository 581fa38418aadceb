// The files of the original (AI Maestro) as they are really written: read entry by entry, so that one that is broken costs only itself. What is
// left out is said in a sentence.
import { z } from 'zod';
import { isMap, parseForeignJson } from '../../mesh/json/foreign-json.ts';
import { FILE_BOUNDS } from '../../mesh/json/json-shape.ts';
import { parseAgentId, parseHostId } from '../../mesh/names.ts';

export interface MovedAddress {
  readonly address: string;
  readonly primary?: boolean | undefined;
  readonly displayName?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface MovedAgent {
  readonly id: string;
  readonly name: string;
  readonly label?: string | undefined;
  /** The id that the file says, `local`, or nothing. */
  readonly hostId?: string | undefined;
  readonly emailEnabled: boolean;
  readonly addresses: readonly MovedAddress[];
  /** Members that no field of ours is for. */
  readonly others: Readonly<Record<string, unknown>>;
}

export interface MovedWebhook {
  readonly url: string;
  readonly events: readonly string[];
  readonly secret?: string | undefined;
  readonly description?: string | undefined;
  readonly isActive: boolean;
}

export type MovedHost = Readonly<Record<string, unknown>> & { readonly id: string; readonly url: string };

/** What a file holds, and what of it can't be read, a sentence each. */
export interface Moved<Item> {
  readonly items: readonly Item[];
  readonly warnings: readonly string[];
}

const orNone = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .unknown()
    .transform((value): z.output<Schema> | undefined => schema.safeParse(value).data)
    .optional();
const address = z.object({
  address: z.string(),
  primary: orNone(z.boolean()),
  displayName: orNone(z.string()),
  metadata: orNone(z.record(z.string(), z.string())),
});
const agent = z.looseObject({
  id: z.string().refine((id) => parseAgentId(id) !== undefined, 'is no id of an agent'),
  // Before it was called so, it was the alias.
  name: orNone(z.string().min(1)),
  alias: orNone(z.string().min(1)),
  label: orNone(z.string().min(1)),
  hostId: orNone(z.string().min(1)),
  deletedAt: z.unknown().optional(),
  tools: z.unknown().optional(),
});
const email = z.object({
  enabled: orNone(z.boolean()),
  address: orNone(z.string()),
  addresses: z.unknown().optional(),
});
const webhook = z.object({
  url: z.string().min(1),
  events: z.array(z.string()).min(1),
  secret: orNone(z.string().min(1)),
  description: orNone(z.string().min(1)),
  status: orNone(z.string()),
});

/** What our own fields say of an agent, and what its file has of no lasting meaning. */
const NOT_KEPT = ['id', 'name', 'alias', 'label', 'hostId', 'hostName', 'hostUrl', 'isSelf', 'deletedAt', 'tools'];

/** `agents/registry.json`. Throws an Error whose message follows the file's name in a sentence. */
export function readRegistry(text: string): Moved<MovedAgent> {
  const { items, warnings } = readList(text, 'agents', agent);
  const moved: MovedAgent[] = [];
  for (const one of items) {
    const { id, name = one.alias, label, hostId, deletedAt, tools } = one;
    if (name === undefined) warnings.push(`Agent '${id}' has no name: left out.`);
    else if (deletedAt === undefined || deletedAt === null) {
      const { emailEnabled, addresses, lost } = emailOf(tools);
      if (lost > 0)
        warnings.push(
          `Agent '${name}' has ${lost} entries under tools.email.addresses that are no addresses: left out.`,
        );
      const others = Object.fromEntries(Object.entries(one).filter(([member]) => !NOT_KEPT.includes(member)));
      moved.push({ id, name, label, hostId, emailEnabled, addresses, others });
    } else warnings.push(`Agent '${name}' is deleted: left out.`);
  }
  return { items: moved, warnings };
}

/** `webhooks.json`. Throws as `readRegistry`. */
export function readWebhooks(text: string): Moved<MovedWebhook> {
  const { items, warnings } = readList(text, 'webhooks', webhook);
  return { items: items.map(({ status, ...kept }) => ({ ...kept, isActive: status !== 'inactive' })), warnings };
}

/** `hosts.json`; `self`: the id of this host, which the original also calls `local`. Throws as `readRegistry`. */
export function readHosts(text: string, self: string): Moved<MovedHost> {
  const file = parseForeignJson(text, FILE_BOUNDS);
  const entries = isMap(file) && Array.isArray(file.hosts) ? (file.hosts as readonly unknown[]) : undefined;
  if (entries === undefined) throw new Error("has no list 'hosts'");
  const warnings = entries.length === 0 ? ['The hosts file lists no host: this host is alone.'] : [];
  const hosts: MovedHost[] = [];
  for (const [at, entry] of entries.entries()) {
    const found = hostOf(entry, self);
    if (typeof found === 'string') warnings.push(`hosts[${at}] ${found}: left out.`);
    else if (hosts.some(({ id }) => id === found.id)) warnings.push(`hosts[${at}] is '${found.id}' again: left out.`);
    else hosts.push(found);
  }
  return { items: hosts, warnings };
}

/** The entry as we write it, or why it can't be one. */
function hostOf(entry: unknown, self: string): MovedHost | string {
  if (!isMap(entry)) return 'is no object';
  const id = entry.id === 'local' ? self : parseHostId(String(entry.id ?? ''));
  if (id === undefined) return `has no id that a host can have ('${String(entry.id).slice(0, 100)}')`;
  const given = entry.url;
  if (typeof given !== 'string' || given === '') return `('${id}') has no URL`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return `('${id}') has the URL '${given.slice(0, 200)}', which is none`;
  if (url.pathname !== '/' || url.search !== '') return `('${id}') has a URL with a path, ${given.slice(0, 200)}`;
  return { ...entry, id, url: url.origin };
}

function emailOf(tools: unknown) {
  const { enabled, address: single, addresses = [] } = email.safeParse(isMap(tools) ? tools.email : {}).data ?? {};
  const entries = Array.isArray(addresses) ? (addresses as readonly unknown[]) : [];
  const read = entries.flatMap((entry) => address.safeParse(entry).data ?? []);
  // Before there were several, there was one.
  const all = read.length === 0 && single !== undefined ? [{ address: single, primary: true }] : read;
  return { emailEnabled: enabled ?? true, addresses: all, lost: entries.length - read.length };
}

/** The entries of a list that stands alone in the file, or under `member`. */
function readList<Schema extends z.ZodType>(text: string, member: string, schema: Schema) {
  const file = parseForeignJson(text, FILE_BOUNDS);
  const list = isMap(file) ? file[member] : file;
  if (!Array.isArray(list)) throw new Error(`is no list, and has none called '${member}'`);
  const items: z.output<Schema>[] = [];
  const warnings: string[] = [];
  for (const [at, entry] of (list as readonly unknown[]).entries()) {
    const parsed = schema.safeParse(entry);
    if (parsed.success) items.push(parsed.data);
    else {
      const where = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'} ${message}`).join('; ');
      warnings.push(`Entry ${at} of the ${member} can't be read (${where.slice(0, 200)}): left out.`);
    }
  }
  return { items, warnings };
}
