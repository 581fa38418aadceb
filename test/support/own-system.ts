// A network and an /etc that only the programs within see: what they write there, and where they listen, is nothing to the machine.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The first is what `hostname -I` shows first. */
export const OWN_ADDRESSES = ['10.77.0.5', '10.77.0.6'] as const;
const SETUP = `set -e
ip link set lo up
ip link add v0 type veth peer name v1
for address in ${OWN_ADDRESSES.join(' ')}; do ip addr add $address/24 dev v0; done
ip link set v0 up
mount -t tmpfs none "$1"
mkdir "$1/changed" "$1/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/changed,workdir=$1/work" /etc
echo ready
exec sleep infinity`;
const NAMESPACES = ['--mount', '--net'];

/** Why there can be none here, a sentence. */
export function whyNoOwnSystem(): string | undefined {
  const tried = SETUP.replace('exec sleep infinity', 'hostname -I');
  const { status, stdout } = spawnSync('unshare', [...NAMESPACES, 'sh', '-c', tried, 'sh', '/mnt'], {
    encoding: 'utf8',
  });
  if (status === 0 && stdout.includes(OWN_ADDRESSES[0])) return undefined;
  return 'This user may not make a network and an /etc of its own.';
}

export interface OwnSystem extends Disposable {
  /** Words that a command begins with which is run within. */
  readonly inside: readonly string[];
}

export async function openOwnSystem(directory: string): Promise<OwnSystem> {
  const place = join(directory, 'own-system');
  mkdirSync(place);
  const holder = spawn('unshare', [...NAMESPACES, 'sh', '-c', SETUP, 'sh', place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return {
    inside: ['nsenter', '--target', String(holder.pid), '--mount', '--net', 'env', '-C', directory],
    [Symbol.dispose]: () => void holder.kill('SIGKILL'),
  };
}
