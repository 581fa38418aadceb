// Whether one address may be called on one port. This function alone decides, whatever the moment: a literal in a URL, an answer for a
// name, a peer once connected (node/webhooks/README.md, "Whom a node calls"). What is public is open. It does not know which addresses
// a network translates by a NAT64 prefix of its own.
import { SocketAddress } from 'node:net';
import { type AllowRule, type Family, familyOf } from './allow-list.ts';
import type { IsOfMachine } from './machine-addresses.ts';
import { embedding, loopback, nat64, neverOpen, special } from './special-ranges.ts';

export interface OpenRules {
  readonly allow: readonly AllowRule[];
  /** Whether receivers on this machine are allowed: so by default on a node that itself listens on loopback only. */
  readonly loopbackAllowed: boolean;
  /** Where this node listens, once it does. */
  readonly listening: () => readonly { readonly address: string; readonly port: number }[];
  /** Whether an address is this machine's own: what a wildcard listener can be reached at. */
  readonly isOfMachine: IsOfMachine;
}

interface Target {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
}

/** Why `address:port` may not be called, as the end of a sentence; `undefined` when it may. */
export function judgeAddress(address: string, port: number, rules: OpenRules): string | undefined {
  const family = familyOf(address);
  if (family === undefined) return 'is not an address that can be judged (it has a zone, or is none).';
  const closed = neverOpen.nameOf(address, family);
  if (closed !== undefined) return `lies in ${closed}, which is never delivered to.`;
  const isOnLoopback = loopback.covers(address, family);
  const form = isOnLoopback ? undefined : embedding.nameOf(address, family);
  if (form !== undefined) return `lies in ${form}, an IPv6 form of an IPv4 address; write that address itself.`;
  if (nat64.covers(address, family)) return judgeTranslated(ipv4Inside(address), port, rules);
  if (isOwn({ address, family, port }, rules)) return 'is where this node itself listens.';
  if (isOnLoopback && rules.loopbackAllowed) return undefined;
  if (rules.allow.some((rule) => (rule.port ?? port) === port && rule.covers(address))) return undefined;
  const range = special.nameOf(address, family);
  if (range !== undefined) return closedUnlessAllowed(`lies in ${range}`);
  // A machine reaches what listens on its own addresses past its firewall, as it does on loopback.
  return rules.isOfMachine(address, family) ? closedUnlessAllowed('is an address of this machine') : undefined;
}

function closedUnlessAllowed(what: string): string {
  return `${what}; webhooks go there only where the operator allows it with MESH_WEBHOOK_ALLOW.`;
}

/** Somewhere on the Internet, whatever else the operator opened. */
export function isPublic(address: string, rules: OpenRules): boolean {
  return judgeAddress(address, 0, { ...rules, allow: [], loopbackAllowed: false }) === undefined;
}

/** Only public addresses may be written by NAT64's prefix (RFC 6052 §3.1), so nothing that the operator opened is reached by it. */
function judgeTranslated(address: string, port: number, rules: OpenRules): string | undefined {
  const reason = judgeAddress(address, port, { ...rules, allow: [], loopbackAllowed: false });
  return reason === undefined ? undefined : `is NAT64 of ${address}, which ${reason}`;
}

/** The last 32 bits of an address in 64:ff9b::/96, whose longest run of zeros reaches up to them or into them. */
function ipv4Inside(address: string): string {
  const [, tail = ''] = canonical(address).split('::');
  const groups = tail.split(':').map((group) => Number.parseInt(group || '0', 16));
  const [high = 0, low = 0] = [0, 0, ...groups].slice(-2);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function isOwn({ address, family, port }: Target, rules: OpenRules): boolean {
  return rules.listening().some((own) => {
    if (own.port !== port) return false;
    const ownFamily = familyOf(own.address);
    const isWildcard = own.address === '0.0.0.0' || own.address === '::';
    // What listens at one loopback address is often reached by the others too: by a name of both, by a forwarded port.
    const isOwnLoopback = isWildcard || (ownFamily !== undefined && loopback.covers(own.address, ownFamily));
    if (loopback.covers(address, family)) return isOwnLoopback;
    return isWildcard ? rules.isOfMachine(address, family) : canonical(own.address) === canonical(address);
  });
}

function canonical(address: string): string {
  const family = familyOf(address);
  return family === undefined ? address : new SocketAddress({ address, family }).address;
}
