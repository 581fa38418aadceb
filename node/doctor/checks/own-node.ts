// What the running node of this machine says of itself to who shows the token that is set here, and of how it hears the others.
import type { Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

const CHECK = 'own-node';

interface HostShown {
  readonly id: string;
  readonly isSelf?: boolean;
  readonly key?: { readonly state?: string; readonly why?: string };
  readonly feed?: { readonly state?: string; readonly why?: string };
}

export async function checkOwnNode({ own }: Examination): Promise<readonly Finding[]> {
  if (own === undefined) return [];
  try {
    // Where no token is set, a wrong one is refused here and not by what anybody may read.
    await own.call('GET', '/api/keys');
    const { hosts } = (await own.call('GET', '/api/hosts')) as unknown as { readonly hosts: readonly HostShown[] };
    return hosts.flatMap((host) => [...keyOf(host), ...feedOf(host)]);
  } catch (error) {
    return refused(error as Error, own.url);
  }
}

function refused({ message }: Error, url: string): readonly Finding[] {
  const isCredential = /\[(?:unauthorized|forbidden)/.test(message);
  return [
    {
      check: CHECK,
      what: isCredential
        ? `The node at ${url} refuses the key or token that is set here: ${message}`
        : `The node at ${url} does not say how it is: ${message}`,
      meaning:
        'Commands and clients that show it are refused. What the node knows of the others could not be looked at.',
      mend: isCredential ? 'export MESH_TOKEN=$(cat mesh-token)' : `curl -si ${url}/health`,
      where: isCredential
        ? 'here, with the file that holds the token of the node, or the text of a key that npx mesh keys create --scope admin made'
        : 'here: it shows what answers',
    },
  ];
}

function keyOf({ id, key }: HostShown): readonly Finding[] {
  if (key?.state !== 'changed') return [];
  return [
    {
      check: CHECK,
      host: id,
      what: key.why ?? `Host '${id}' shows another key than it had.`,
      meaning: 'Nothing that it says is believed by this host: its vote is missing here.',
      mend: 'npx mesh hosts list',
      where: `on the machine of '${id}': it shows its key. If it is its own, write it into hosts.json on every host as its "publicKey"`,
    },
  ];
}

function feedOf({ id, feed }: HostShown): readonly Finding[] {
  if (feed?.state !== 'refused') return [];
  return [
    {
      check: CHECK,
      host: id,
      what: `The change log of host '${id}' is not believed here: ${feed.why}`,
      meaning:
        'Subscribers at this host do not hear its changes. It was probably started on an older copy of its data.',
      mend: `mv DATA DATA.old && mkdir -m 700 DATA && cp -p DATA.old/mesh.env DATA.old/hosts.json DATA; npx mesh start --host ${id} --data DATA`,
      where: `on the machine of '${id}', with its data directory for DATA, after its node has been stopped: mesh.env and hosts.json stay, where they lie in there, and the others bring it in again`,
    },
  ];
}
