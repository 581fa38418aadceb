import { expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { loopbackNameFault } from '../../../node/machine/loopback-name.ts';
import { testHost } from '../../support/trusting-hosts.ts';

const NAMES: Readonly<Record<string, string>> = {
  'mac.lan': '127.0.1.1',
  'cloud.lan': '10.0.0.2',
  'near.lan': '127.0.1.1',
};
const resolve = async (name: string) => {
  const address = NAMES[name];
  if (address === undefined) throw new Error(`'${name}' does not resolve.`);
  return [{ address }];
};
const host = (id: string, name: string) => testHost(id as HostId, `http://${name}:23000`);
const fault = (own: string, ...peers: readonly string[]) =>
  loopbackNameFault(
    host('mac', own),
    peers.map((name) => host('cloud', name)),
    resolve,
  );

it.each([[['cloud.lan']], [['10.0.0.2']], [['gone.lan', 'near.lan', 'cloud.lan']], [['[fd00::2]']]])(
  'a name of this host that leads to loopback is told of, when a peer is elsewhere: %j',
  async (peers) => {
    expect(await fault('mac.lan', ...peers)).toMatch(
      /'mac\.lan', leads to 127\.0\.1\.1 .*'cloud' is at (10|fd00).*\/etc\/hosts/,
    );
  },
);

it.each([
  ['there is no peer', 'mac.lan', []],
  ['every peer is on this machine too', 'mac.lan', ['near.lan', 'localhost', '127.0.0.1', '[::1]']],
  ['no peer resolves', 'mac.lan', ['gone.lan']],
  ['its name leads elsewhere', 'cloud.lan', ['10.0.0.3']],
  ['its name does not resolve', 'gone.lan', ['10.0.0.3']],
  ['it is meant to be on loopback', 'localhost', ['10.0.0.3']],
  ['it is listed by that address', '127.0.0.1', ['10.0.0.3']],
])('nothing is told when %s', async (_, own, peers) => {
  expect(await fault(own, ...peers)).toBeUndefined();
});
