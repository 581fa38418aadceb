// Addresses in MAIL and RCPT whose local part is quoted (RFC 5321 §4.1.2). smtp-server ends an address at a space and counts its signs @ within
// quotes, too, and answers 501 to what is right: mail of `"Jane Doe"@y.com` would never come. Here it reads such an address with another local part
// in that place, so that all else about it is checked as ever. What needs no quotes goes without them, for it is the same mailbox.
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';

const LOCAL_PART_BYTES_MAX = 64;
/** Without angle brackets, between which the address stands. */
const QUOTED = /^"(?:[ !#-;=?-[\]-~\u0080-\uffff]|\\[ -;=?-~])*"$/;
/** What stands before the local part, a source route with it; the local part; the rest. */
const SAID = /^([^:<"]*:\s*<(?:@[^\s,:@"]+(?:,@[^\s,:@"]+)*:)?)("(?:[^"\\]|\\.)*")(@.*)$/s;
const DOT_STRING = /^[^\s\p{Cc}"(),.:;<>@[\\\]]+(?:\.[^\s\p{Cc}"(),.:;<>@[\\\]]+)*$/u;
const STAND_IN = 'quoted';

/** Whether a local part is quoted as it should be. */
export function isQuoted(localPart: string): boolean {
  return QUOTED.test(localPart) && Buffer.byteLength(localPart) <= LOCAL_PART_BYTES_MAX;
}

/** Has smtp-server read addresses so, on connections that are there and those to come. */
export function readQuotedLocalParts(): void {
  const { _parseAddressCommand: parse } = SMTPConnection.prototype;
  if (wrapped.has(parse)) return;
  const parseQuoted: typeof parse = function parseQuoted(this: SMTPConnection, name, command) {
    const [, before = '', localPart = '', after = ''] = SAID.exec(String(command)) ?? [];
    if (!isQuoted(localPart)) return parse.call(this, name, command);
    const parsed = parse.call(this, name, before + STAND_IN + after);
    if (parsed === false) return false;
    return { ...parsed, address: unquoted(localPart) + parsed.address.slice(STAND_IN.length) };
  };
  wrapped.add(parseQuoted);
  SMTPConnection.prototype._parseAddressCommand = parseQuoted;
}

const wrapped = new WeakSet<object>();

function unquoted(localPart: string): string {
  const text = localPart.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return DOT_STRING.test(text) ? text : localPart;
}
