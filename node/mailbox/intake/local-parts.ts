// Addresses in MAIL and RCPT that smtp-server answers 501, though there are mailboxes of that name whose mail would never come. It ends an address at
// a space and counts its signs @ within quotes, too: `"Jane Doe"@y.com` (RFC 5321 §4.1.2). And it wants a dot between two letters: `a..b@y.com`,
// `user.@y.com`, which no RFC allows, and which devices, old providers and Postfix know. Here it reads such an address with another local part in
// that place, so that all else about it is checked as ever. What needs no quotes goes without them, for it is the same mailbox; dots stay.
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';

const LOCAL_PART_BYTES_MAX = 64;
/** Without angle brackets, between which the address stands. */
const QUOTED = /^"(?:[ !#-;=?-[\]-~\u0080-\uffff]|\\[ -;=?-~])*"$/;
const DOT_STRING = /^[^\s\p{Cc}"(),.:;<>@[\\\]]+(?:\.[^\s\p{Cc}"(),.:;<>@[\\\]]+)*$/u;
/** With dots anywhere. */
const DOTTED = /^[^\s\p{Cc}"(),:;<>@[\\\]]+$/u;
/** What stands before the local part, a source route with it; the local part; the rest. */
const SAID = /^([^:<"]*:\s*<(?:@[^\s,:@"]+(?:,@[^\s,:@"]+)*:)?)("(?:[^"\\]|\\.)*"|[^\s"<>@]+)(@.*)$/s;
const STAND_IN = 'stand-in';

/** Whether a local part is quoted as it should be. */
export function isQuoted(localPart: string): boolean {
  return QUOTED.test(localPart) && Buffer.byteLength(localPart) <= LOCAL_PART_BYTES_MAX;
}

/** Has smtp-server read addresses so, on connections that are there and those to come. */
export function readLocalParts(): void {
  const { _parseAddressCommand: parse } = SMTPConnection.prototype;
  if (wrapped.has(parse)) return;
  const parseOthers: typeof parse = function parseOthers(this: SMTPConnection, name, command) {
    const [, before = '', localPart = '', after = ''] = SAID.exec(String(command)) ?? [];
    const read = isQuoted(localPart) ? unquoted(localPart) : isOddlyDotted(localPart) ? localPart : undefined;
    if (read === undefined) return parse.call(this, name, command);
    const parsed = parse.call(this, name, before + STAND_IN + after);
    return parsed !== false && { ...parsed, address: read + parsed.address.slice(STAND_IN.length) };
  };
  wrapped.add(parseOthers);
  SMTPConnection.prototype._parseAddressCommand = parseOthers;
}

const wrapped = new WeakSet<object>();

function unquoted(localPart: string): string {
  const text = localPart.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return DOT_STRING.test(text) ? text : localPart;
}

/** Whether it has a dot at an end, or two in a row, and is no other wrong thing. */
function isOddlyDotted(localPart: string): boolean {
  const isShort = localPart.length <= LOCAL_PART_BYTES_MAX && Buffer.byteLength(localPart) <= LOCAL_PART_BYTES_MAX;
  return isShort && DOTTED.test(localPart) && !DOT_STRING.test(localPart);
}
