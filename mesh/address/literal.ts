// An IP address in brackets after the @ (RFC 5321 section 4.1.3): `[192.0.2.1]` or `[IPv6:2001:db8::1]`, brought to the one form
// that RFC 5952 recommends, so that two spellings of one address are equal. Other tags than IPv6 are not registered, hence
// refused; zones (`%eth0`) mean nothing to another host. It does not ask whether the address can be reached.
import { listCharacters, quoteText } from './characters.ts';
import { type AddressFault, fault } from './fault.ts';

export interface DomainLiteral {
  readonly valid: true;
  /** With brackets and tag. */
  readonly domain: string;
  /** Bare, e.g. `127.0.0.1` or `2001:db8::1`. */
  readonly domainAddress: string;
}

const HEXTETS = 8;
/** The tag is case-insensitive, as every literal text of RFC 5321's grammar. */
const IPV6_TAG = /^ipv6:/i;
const NOT_LITERAL = /[^!-Z^-~]/gu;

/** `text` is what stands between the brackets. */
export function parseDomainLiteral(text: string): AddressFault | DomainLiteral {
  if (/^[0-9.]+$/.test(text)) {
    const octets = parseIpv4(text);
    if (typeof octets !== 'string') {
      return { valid: true, domain: `[${octets.join('.')}]`, domainAddress: octets.join('.') };
    }
    return fault(
      'domain_literal',
      `The address in brackets after the @-sign is not valid: It is not an IPv4 address (${octets} in ${quoteText(text)}) or is missing an address literal tag.`,
    );
  }
  if (IPV6_TAG.test(text)) {
    const bare = text.replace(IPV6_TAG, '');
    const hextets = parseIpv6(bare);
    if (typeof hextets !== 'string') {
      const domainAddress = formatIpv6(hextets);
      return { valid: true, domain: `[IPv6:${domainAddress}]`, domainAddress };
    }
    return fault(
      'domain_literal',
      `The IPv6 address in brackets after the @-sign is not valid (${hextets} in ${quoteText(bare)}).`,
    );
  }
  if (!text.includes(':')) {
    return fault(
      'domain_literal',
      'The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.',
    );
  }
  const wrong = listCharacters(text, NOT_LITERAL);
  if (wrong !== undefined) {
    return fault('domain_literal', `The part after the @-sign contains invalid characters in brackets: ${wrong}.`);
  }
  return fault('domain_literal', 'The part after the @-sign contains an invalid address literal tag in brackets.');
}

/** Four octets, or what is wrong, to go before “in …”. */
function parseIpv4(text: string): readonly number[] | string {
  const parts = text.split('.');
  if (parts.length !== 4) return 'Expected 4 octets';
  for (const part of parts) {
    const wrong = checkOctet(part);
    if (wrong !== undefined) return wrong;
  }
  return parts.map(Number);
}

function checkOctet(part: string): string | undefined {
  if (part === '') return 'Empty octet not permitted';
  if (!/^[0-9]+$/.test(part)) return `Only decimal digits permitted in ${quoteText(part)}`;
  if (part.length > 3) return `At most 3 characters permitted in ${quoteText(part)}`;
  // `010` is eight to some programs and ten to others.
  if (part !== '0' && part.startsWith('0')) return `Leading zeros are not permitted in ${quoteText(part)}`;
  return Number(part) > 255 ? `Octet ${part} (> 255) not permitted` : undefined;
}

/** Eight groups of 16 bits, or what is wrong, to go before “in …” (RFC 4291 section 2.2). */
function parseIpv6(text: string): readonly number[] | string {
  let groups = text.split(':');
  if (groups.length < 3) return 'At least 3 parts expected';
  const last = groups.at(-1) ?? '';
  if (last.includes('.')) {
    const octets = parseIpv4(last);
    if (typeof octets === 'string') return `${octets} in ${quoteText(last)}`;
    const [a = 0, b = 0, c = 0, d = 0] = octets;
    groups = [...groups.slice(0, -1), (a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  }
  if (groups.length > HEXTETS + 1) return `At most ${HEXTETS} colons permitted`;
  const gap = groups.slice(1, -1).indexOf('') + 1;
  if (gap > 0 && groups.slice(gap + 1, -1).includes('')) return "At most one '::' permitted";
  if (groups[0] === '' && gap !== 1) return "Leading ':' only permitted as part of '::'";
  if (groups.at(-1) === '' && gap !== groups.length - 2) {
    return "Trailing ':' only permitted as part of '::'";
  }
  const head = gap > 0 ? groups.slice(0, gap) : groups;
  const tail = gap > 0 ? groups.slice(gap + 1) : [];
  const written = [...head, ...tail].filter((group) => group !== '');
  if (gap === 0 && written.length !== HEXTETS) return `Exactly ${HEXTETS} parts expected without '::'`;
  if (gap > 0 && written.length >= HEXTETS) {
    return `Expected at most ${HEXTETS - 1} other parts with '::'`;
  }
  for (const group of written) {
    if (!/^[0-9a-fA-F]+$/.test(group)) return `Only hex digits permitted in ${quoteText(group)}`;
    if (group.length > 4) return `At most 4 characters permitted in ${quoteText(group)}`;
  }
  const zeros = Array.from({ length: HEXTETS - written.length }, () => 0);
  const values = (part: readonly string[]) =>
    part.filter((group) => group !== '').map((group) => Number.parseInt(group, 16));
  return [...values(head), ...zeros, ...values(tail)];
}

/** RFC 5952 section 4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. No dotted tail. */
function formatIpv6(hextets: readonly number[]): string {
  let gap = { start: 0, length: 0 };
  for (let start = 0; start < hextets.length; start += 1) {
    let length = 0;
    while (hextets[start + length] === 0) length += 1;
    if (length > gap.length) gap = { start, length };
  }
  const text = (part: readonly number[]) => part.map((hextet) => hextet.toString(16)).join(':');
  if (gap.length < 2) return text(hextets);
  return `${text(hextets.slice(0, gap.start))}::${text(hextets.slice(gap.start + gap.length))}`;
}
