// `mesh hosts list`, `print`, `invite`, `add`, `remove`: who is in the mesh, and changing that on all its hosts at once.
import { type JoinLine, joinLine } from '../../mesh/admission/join-line.ts';
import { startDeadline } from '../../mesh/time/deadline.ts';
import type { Asking, CommandLine } from './command-line.ts';
import { checkHosts } from './host-check.ts';
import { printHosts } from './hosts-print.ts';
import { createNodeClient, type NodeClient } from './node-client.ts';
import { hosts } from './operator-reports.ts';
import type { Report } from './report.ts';

/** A host that has not answered by then is not reached. */
const CHECK_MS_MAX = 5_000;

interface Adding {
  readonly name?: string;
  /** `--no-vote`. */
  readonly vote: boolean;
  readonly lookUpOnly?: true;
}

export function addHostCommands(commands: CommandLine): void {
  const listed = commands.group('hosts', 'the hosts of the mesh');
  listed
    .add('list', 'every host of hosts.json, and what is known of it')
    .action((asking: Asking) => listed.run(asking, hosts));
  listed.add('check', 'ask each host from here who it is and whom it sees').action((asking: Asking) =>
    listed.run(asking, async (call, paint, { node: { clock, stop } }) => {
      const silent = () => new Error(`no answer within ${CHECK_MS_MAX / 1_000} s`);
      using late = startDeadline({ clock, ms: CHECK_MS_MAX, signals: stop === undefined ? [] : [stop], silent });
      return await checkHosts(call, paint, (url) => createNodeClient({ url, clock, stop: late.signal }));
    }),
  );
  listed
    .add('print', 'hosts.json as the node has it in force, to be written into a file')
    .action((asking: Asking) => listed.run(asking, printHosts));
  listed
    .add('invite', 'print the line that lets one more machine in; it opens once, within 30 minutes')
    .action((asking: Asking) => listed.run(asking, invite));
  listed
    .add(
      'add <id> <url>',
      'list a host on every host of the mesh; one that is set up by hand, with the same MESH_SECRET',
    )
    .option('--name <TEXT>', 'for people')
    .option('--no-vote', 'the host shall not vote')
    .option('--look-up-only', 'the host serves only the look-up, like the original')
    .action((id: string, url: string, asking: Asking & Adding) =>
      listed.run(asking, (call) => addHost(call, id, url, asking)),
    );
  listed
    .add('remove <id>', 'list a host no more, on every host of the mesh')
    .action((id: string, asking: Asking) => listed.run(asking, (call) => removeHost(call, id)));
}

/** The line to type on the next machine. */
async function invite(call: NodeClient): Promise<Report> {
  const value = await call('POST', '/api/hosts/invitations', { body: {} });
  return { text: joinLine(value as unknown as JoinLine), value, ok: true };
}

async function addHost(call: NodeClient, id: string, url: string, { name, vote, lookUpOnly }: Adding): Promise<Report> {
  const body = {
    ...{ id, url },
    ...(name === undefined ? {} : { name }),
    ...(vote ? {} : { voter: false }),
    ...(lookUpOnly ? { legacy: true } : {}),
  };
  const value = await call('POST', '/api/hosts/add', { body });
  return { text: `${id} is listed here; the other hosts hear of it by themselves.`, value, ok: true };
}

async function removeHost(call: NodeClient, id: string): Promise<Report> {
  const value = await call('POST', '/api/hosts/remove', { body: { host: id } });
  const text = `${id} is listed here no more; the other hosts hear of it by themselves. It keeps its addresses for a day: npx mesh evict ${id} frees them at once.`;
  return { text, value, ok: true };
}
