// hosts.json with changes written into it. Two hosts that were added elsewhere at once may have one URL, or be one too many: each of those who
// added them saw no fault, and a file with both would be none, from which no node starts. So of two the newer change counts, and what an operator
// wrote before any; whoever knows the same changes, and had the same file, ends with the same one.
import { z } from 'zod';
import { MeshError } from '../errors.ts';
import { parseHost } from '../hosts-json.ts';
import { HOSTS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { entryOf, type HostChange, isNewer, parsedText } from './host-changes.ts';

const hostsFile = z.looseObject({ hosts: z.array(z.looseObject({ id: z.string() })) });
type Entries = Map<HostId, z.infer<typeof hostsFile>['hosts'][number]>;

/** A host that a change lists, and that hosts.json does not. */
export interface LeftOut {
  readonly id: HostId;
  /** A sentence. */
  readonly why: string;
}

export interface ChangedHosts {
  readonly text: string;
  readonly leftOut: readonly LeftOut[];
}

/**
 * The text of hosts.json with these changes in it, and all else as it was. What marks the entry of the machine (`"type"`) is each file's own.
 * `known`: the last changes of each host that were made before. Throws `conflict` when the text is none of hosts.json, or would list nobody.
 */
export function changedHosts(text: string, changes: readonly HostChange[], known: readonly HostChange[]): ChangedHosts {
  const file = hostsFile.safeParse(parsedText(text)).data;
  if (file === undefined)
    throw new MeshError(
      'conflict',
      'hosts.json is broken, so it is not changed. Mend it first: the log says what is wrong.',
    );
  const hosts: Entries = new Map(file.hosts.map((entry) => [entry.id.trim().toLowerCase() as HostId, entry]));
  for (const change of changes) {
    const entry = entryOf(change);
    const type = hosts.get(change.id)?.type;
    if (entry === undefined) hosts.delete(change.id);
    else hosts.set(change.id, { ...entry, id: change.id, ...(type === undefined ? {} : { type }) });
  }
  if (hosts.size === 0)
    throw new MeshError('conflict', 'hosts.json must list one host at least, and would list none: it is not changed.');
  const leftOut = leaveOut(hosts, new Map([...known, ...changes].map((change) => [change.id, change])));
  return { text: hostsText(file, [...hosts.values()]), leftOut };
}

/** hosts.json as this program writes it. */
export function hostsText(file: Readonly<Record<string, unknown>>, hosts: readonly unknown[]): string {
  return `${JSON.stringify({ ...file, hosts }, null, 2)}\n`;
}

/** An entry of hosts.json that can be used. */
interface Usable {
  readonly id: HostId;
  readonly url: string;
}

/** The change that an entry comes of; `undefined` when an operator wrote it. Read only of entries that are in each other's way. */
type ChangeOf = (entry: Usable) => HostChange | undefined;

/** Takes out of `hosts` what `changes` put there, as far as no hosts.json can have it beside the others. */
function leaveOut(hosts: Entries, changes: ReadonlyMap<HostId, HostChange>): readonly LeftOut[] {
  const changeOf: ChangeOf = ({ id, url }) => {
    const change = changes.get(id);
    return change !== undefined && parseHost(entryOf(change))?.url === url ? change : undefined;
  };
  const leftOut: LeftOut[] = [];
  const byUrl = new Map<string, Usable>();
  for (const [id, entry] of hosts) {
    const url = parseHost(entry)?.url;
    if (url === undefined) continue;
    const [one, twin] = [{ id, url }, byUrl.get(url)];
    const [stays, goes] = twin !== undefined && isRather(twin, one, changeOf) ? [twin, one] : [one, twin];
    byUrl.set(url, stays);
    if (goes === undefined || changeOf(goes) === undefined) continue;
    leftOut.push({ id: goes.id, why: `hosts.json lists '${stays.id}' at ${url}, and not '${goes.id}'.` });
  }
  const spare = hosts.size - leftOut.length - HOSTS_MAX;
  if (spare > 0) {
    const changed = [...byUrl.values()].filter((one) => changeOf(one) !== undefined);
    const newestFirst = changed.sort((one, other) => (isRather(one, other, changeOf) ? -1 : 1));
    for (const { id } of newestFirst.slice(0, spare))
      leftOut.push({ id, why: `hosts.json lists ${HOSTS_MAX} hosts, as many as it may, and not '${id}'.` });
  }
  for (const { id } of leftOut) hosts.delete(id);
  return leftOut;
}

/** Whether `one` is listed rather than `other`. */
function isRather(one: Usable, other: Usable, changeOf: ChangeOf): boolean {
  const [change, rival] = [changeOf(one), changeOf(other)];
  return change === undefined || (rival !== undefined && isNewer(change, rival));
}
