// The machines that are believed when they speak of others: gateways in front of this host. Being on the same machine is no reason.
import { BlockList, isIP } from 'node:net';

export class TrustedPeers {
  readonly #list = new BlockList();

  /** `CIDR`s, or single addresses. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = '', prefix] = cidr.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(ip: string): boolean {
    return isIP(ip) > 0 && this.#list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
  }
}
