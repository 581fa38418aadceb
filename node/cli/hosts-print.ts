// `mesh hosts print`: hosts.json as a node has it in force, for a host whose own file was lost or broken.
import type { NodeClient } from './node-client.ts';
import type { Report } from './report.ts';

/** What `GET /api/hosts` adds to an entry of hosts.json. */
const SHOWN_BESIDE = ['feed', 'isSelf', 'key', 'lastSeenAt', 'remark', 'rttMs', 'status', 'votes', 'why'];

export async function printHosts(call: NodeClient): Promise<Report> {
  const { hosts } = (await call('GET', '/api/hosts')) as unknown as { hosts: Readonly<Record<string, unknown>>[] };
  const value = { hosts: hosts.map(entryOf) };
  return { text: JSON.stringify(value, null, 2), value, ok: true };
}

/** `type` says which entry is the machine that the file lies on, so it belongs into no other file; a host's own key is no pin of another's. */
function entryOf(shown: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const left = Object.entries(shown).filter(
    ([name, value]) =>
      !SHOWN_BESIDE.includes(name) &&
      name !== 'type' &&
      !(name === 'publicKey' && shown.isSelf === true) &&
      !(name === 'enabled' && value === true) &&
      !(name === 'name' && value === shown.id) &&
      !(name === 'legacy' && value === false),
  );
  return Object.fromEntries(left);
}
