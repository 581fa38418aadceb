// The operator's allow-list, `MESH_WEBHOOK_ALLOW`: which addresses beyond the public ones may be delivered to, as
// `CIDR[:port]`, separated by commas. An IPv6 range with a port stands in brackets: `[fd00::/8]:8080`.
import { BlockList, isIP } from 'node:net';
import { MeshError } from '../../../mesh/errors.ts';

export interface AllowRule {
  /** Absent: every port. */
  readonly port: number | undefined;
  covers(address: string): boolean;
}

/** Throws `invalid_request` with every mistake in one message, which follows the name of the setting. An empty text is an empty list. */
export function parseAllowList(text: string): readonly AllowRule[] {
  const mistakes: string[] = [];
  const rules = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap((part) => {
      const rule = parseRule(part);
      if (rule === undefined) mistakes.push(`'${part.slice(0, 100)}'`);
      return rule ?? [];
    });
  if (mistakes.length === 0) return rules;
  throw new MeshError(
    'invalid_request',
    `has entries that are not CIDR[:port]: ${mistakes.join(', ')} (right would be 100.64.0.0/10, 10.1.2.3:8080 or [fd00::/8]:443)`,
  );
}

function parseRule(text: string): AllowRule | undefined {
  const { range, portText } = splitPort(text);
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && !(port >= 1 && port <= 65_535)) return undefined;
  const [network = '', prefixText, ...rest] = range.split('/');
  const family = familyOf(network);
  if (family === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefixText ?? '0')) return undefined;
  const widest = family === 'ipv4' ? 32 : 128;
  const prefix = Number(prefixText ?? widest);
  if (prefix > widest) return undefined;
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  // A range speaks of its own family only: Node would let an IPv4 range hold IPv4-mapped IPv6 addresses too.
  return { port, covers: (address) => familyOf(address) === family && list.check(address, family) };
}

/** `a.b.c.d/n:port`, `[v6/n]:port`, or either without a port (IPv6 then with or without brackets). */
function splitPort(text: string): { readonly range: string; readonly portText: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text);
  if (bracketed) return { range: bracketed[1] ?? '', portText: bracketed[2] };
  const plain = /^([^:]*):(\d{1,5})$/.exec(text);
  return plain ? { range: plain[1] ?? '', portText: plain[2] } : { range: text, portText: undefined };
}

export type Family = 'ipv4' | 'ipv6';

/** `undefined` when it is not an IP literal. A zone (`%eth0`) is not part of an address here. */
export function familyOf(address: string): Family | undefined {
  if (address.includes('%')) return undefined;
  const version = isIP(address);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}
