// `mesh init` and `mesh join-mesh` as they are typed.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Command } from 'commander';
import { MeshError } from '../../mesh/errors.ts';
import { parseHostId } from '../../mesh/names.ts';
import { DEFAULT_PORT } from '../defaults.ts';
import { shellWord } from '../machine/shell-word.ts';
import { visible } from '../machine/visible-text.ts';
import { beginMesh, type Place, type SetupPorts } from './first-host.ts';
import { joinMesh } from './next-host.ts';
import { ownAddress, ownId } from './own-place.ts';

export interface SetupTerminal {
  print(text: string): void;
  complain(text: string): void;
  /** Sets the exit code. */
  end(code: number): void;
  /** Runs the node of that data directory until it is stopped. */
  start(directory: string): Promise<void>;
  /** The data directory, unless `--data` names another. */
  readonly directory: string;
  /** The token, when it does not stand in the line. */
  readonly token: string | undefined;
}

interface Said {
  readonly data: string;
  readonly id?: string;
  readonly url?: string;
  readonly name?: string;
  /** `--no-vote`. */
  readonly vote?: boolean;
}

interface Joining extends Said {
  readonly fingerprint: string;
  readonly token?: string;
  /** `--no-start`. */
  readonly start: boolean;
}

export function addSetupCommands(program: Command, terminal: SetupTerminal, ports: SetupPorts): void {
  const placed = (command: Command, description: string) =>
    withPlace(command, terminal.directory).description(description);
  placed(
    program.command('init'),
    'begin a mesh on this machine: its key, hosts.json and mesh.env, and the line for the next machine',
  ).action((said: Said) => reporting(terminal, () => init(said, terminal, ports)));
  placed(
    program.command('join-mesh <url>'),
    'let this machine into a mesh that is there, by the line that its host printed, and start',
  )
    .requiredOption('--fingerprint <TEXT>', 'of the key of the host at that URL')
    .option('--token <TOKEN>', 'opens once, within 30 minutes (MESH_JOIN_TOKEN, where others see your command lines)')
    .option('--no-vote', 'this host shall not vote, like a laptop that is often away')
    .option('--no-start', 'write the files only')
    .action((url: string, said: Joining) => reporting(terminal, () => join(url, said, terminal, ports)));
}

function withPlace(command: Command, directory: string): Command {
  return command
    .option('--data <DIR>', 'the data directory of the host (MESH_DATA)', directory)
    .option('--id <ID>', "what the host is called; by default the machine's name")
    .option(
      '--url <URL>',
      `where the others reach it; by default its address in the private network, port ${DEFAULT_PORT}`,
    )
    .option('--name <TEXT>', 'for people');
}

async function init(said: Said, { print }: SetupTerminal, ports: SetupPorts): Promise<void> {
  const place = placeOf(said, ownAddress() ?? '127.0.0.1');
  const line = await beginMesh(place, ports);
  print(
    [
      `Host '${place.id}' at ${place.url} is set up in ${place.directory}. Its secrets are in mesh.env there, which only you can read.`,
      `Start it:                               npx mesh start --data ${shellWord(place.directory)}`,
      `On the next machine, within 30 minutes: ${line}`,
    ].join('\n'),
  );
}

async function join(at: string, said: Joining, terminal: SetupTerminal, ports: SetupPorts): Promise<void> {
  const token = said.token ?? terminal.token;
  if (token === undefined)
    throw new MeshError('invalid_request', 'There is no token: say it with --token, or set MESH_JOIN_TOKEN.');
  const origin = originOf(at);
  const place = placeOf(said, await addressTowards(origin));
  const { hosts, hasEngine } = await joinMesh(place, { at: origin, fingerprint: said.fingerprint, token }, ports);
  terminal.print(
    `Host '${place.id}' at ${place.url} is in the mesh: ${hosts.join(', ')}. Its data is in ${place.directory}.`,
  );
  if (hasEngine)
    terminal.print(
      'An engine keeps the claims there: MESH_CLAIMS came along into mesh.env. Edit it there if this machine reaches the engine elsewhere.',
    );
  if (said.start) await terminal.start(place.directory);
  else terminal.print(`Start it: npx mesh start --data ${shellWord(place.directory)}`);
}

function placeOf({ data, id = ownId(), url, name, vote }: Said, address: string): Place {
  if (id === undefined)
    throw new MeshError('invalid_request', "This machine's name is no id for a host. Say one with --id.");
  const hostId = parseHostId(id);
  if (hostId === undefined)
    throw new MeshError(
      'invalid_request',
      `'${id}' is no id for a host: it has 1 to 64 of letters, digits, '.', '_' and '-', the first a letter or digit. Say another with --id.`,
    );
  if (data === '') throw new MeshError('invalid_request', '--data must name a directory; it is empty.');
  return {
    directory: data,
    id: hostId,
    url: originOf(url ?? `http://${address.includes(':') ? `[${address}]` : address}:${DEFAULT_PORT}`),
    name,
    ...(vote === false ? { voter: false } : {}),
  };
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '')
    return url.origin;
  throw new MeshError('invalid_request', `'${text}' is no URL of a host: it must be http://host:port, without a path.`);
}

/** The address of this machine from which it reaches that URL: nothing is sent to find it. */
async function addressTowards(origin: string): Promise<string> {
  const { hostname } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.connect(DEFAULT_PORT, host);
    await once(socket, 'connect');
    return socket.address().address;
  } catch (cause) {
    throw new MeshError('peer_silent', `${origin} can't be reached from here: ${(cause as Error).message}.`, { cause });
  } finally {
    socket.close();
  }
}

async function reporting(terminal: SetupTerminal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    terminal.complain(`mesh: ${visible(error.message)}`);
    terminal.end(1);
  }
}
