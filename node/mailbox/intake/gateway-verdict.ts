// What a gateway in front of this host found out about a mail, as it wrote it on top of the header (Authentication-Results, RFC 8601). It is read
// only for a mail that a trusted machine handed over, only under a name that the operator listed, and only above the second Received: whatever
// stands deeper was there before the mail came to the gateway.
import type { HeaderField } from './header-fields.ts';
import { mailboxesOf } from './mail-addresses.ts';
import { inDns, isRelated, type Verdict } from './verdict.ts';

/** Characters of one field that are read; that of a gateway has some hundred. */
const FIELD_CHARACTERS_MAX = 8 * 1_024;
const RESULTS = new Set([
  ...['none', 'pass', 'fail', 'softfail', 'neutral', 'policy', 'temperror', 'permerror', 'bestguesspass'],
]);

interface Found {
  readonly method: string;
  readonly result: string;
  /** Such as `header.d`, in lower case. */
  readonly properties: ReadonlyMap<string, string>;
}

/** `undefined`: no gateway of these names says anything. */
export function gatewayVerdict(headers: readonly HeaderField[], authservIds: readonly string[]): Verdict | undefined {
  const found = fieldsOnTop(headers).flatMap((value) => resultsIn(value, authservIds));
  const [spf, dmarc] = ['spf', 'dmarc'].map((method) => found.find((one) => one.method === method));
  const signatures = found.filter(({ method }) => method === 'dkim');
  const dkim = signatures.find(({ result }) => result === 'pass') ?? signatures[0];
  if (spf === undefined && dkim === undefined && dmarc === undefined) return undefined;
  const [from, ...others] = mailboxesOf(headers.flatMap(({ name, value }) => (/^from$/i.test(name) ? [value] : [])));
  const isOne = from !== undefined && others.length === 0 && isToldOf(dmarc, domainOf(from.address));
  const fromDomain = isOne ? domainOf(from.address) : undefined;
  const passing = [spf, ...signatures].filter((one) => one?.result === 'pass');
  const domains = passing.flatMap((one) =>
    domainOf(one?.properties.get(one.method === 'spf' ? 'smtp.mailfrom' : 'header.d') ?? ''),
  );
  const isOwn = fromDomain !== undefined && domains.some((domain) => isRelated(domain, fromDomain));
  const hasPolicy = dmarc !== undefined && dmarc.result !== 'none';
  return {
    authentication: { spf: wordOf(spf), dkim: wordOf(dkim), dmarc: wordOf(dmarc) },
    isAuthenticated: hasPolicy ? dmarc.result === 'pass' && fromDomain !== undefined : isOwn,
    // The gateway has taken the mail, and would hand it over with the same words again.
    isTemporary: false,
    fromDomain,
  };
}

/** Whether the gateway has read the same domain in the header, where it says which. */
function isToldOf(dmarc: Found | undefined, domain: string): boolean {
  const told = dmarc?.properties.get('header.from');
  return told === undefined || inDns(domainOf(told)) === inDns(domain);
}

function wordOf(found: Found | undefined): string {
  return found === undefined || !RESULTS.has(found.result) ? 'none' : found.result;
}

function domainOf(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1).toLowerCase();
}

/** The fields that the gateway itself can have written: it puts its Received, and what it found, in front of what came. */
function fieldsOnTop(headers: readonly HeaderField[]): readonly string[] {
  const names = headers.map(({ name }) => name.toLowerCase());
  const second = names.indexOf('received', names.indexOf('received') + 1);
  const end = names.includes('received') && second > 0 ? second : headers.length;
  return headers.slice(0, end).flatMap(({ value }, at) => (names[at] === 'authentication-results' ? [value] : []));
}

/** `name [version]; method=result property=value …; …`. Empty: it is of another name, or can't be read. */
function resultsIn(value: string, authservIds: readonly string[]): readonly Found[] {
  if (value.length > FIELD_CHARACTERS_MAX) return [];
  const [head = [], ...results] = statements(value);
  if (!authservIds.includes(head[0]?.toLowerCase() ?? '')) return [];
  return results.flatMap((words) => {
    const [[method = '', result = ''] = [], ...properties] = words.map(sidesOf);
    // A version may follow the method.
    return [{ method: method.split('/', 1)[0] ?? '', result: result.toLowerCase(), properties: new Map(properties) }];
  });
}

function sidesOf(word: string): readonly [name: string, value: string] {
  const at = word.indexOf('=');
  return at === -1 ? [word.toLowerCase(), ''] : [word.slice(0, at).toLowerCase(), word.slice(at + 1)];
}

/** The words between semicolons; comments left out, quotes taken off, spaces around `=` closed up. One pass. */
function statements(value: string): readonly (readonly string[])[] {
  const all: string[] = [];
  let [text, depth, isQuoted] = ['', 0, false];
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charAt(at);
    if (character === '\\') at += 1;
    else if (character === '"' && depth === 0) isQuoted = !isQuoted;
    else if (character === '(' && !isQuoted) depth += 1;
    else if (character === ')' && !isQuoted) depth = Math.max(0, depth - 1);
    else if (character === ';' && depth === 0 && !isQuoted) {
      all.push(text);
      text = '';
    } else if (depth === 0) text += isQuoted && /\s/.test(character) ? '_' : character;
  }
  return [...all, text].map((one) =>
    one
      .replace(/\s{0,100}=\s{0,100}/g, '=')
      .split(/\s+/)
      .filter((word) => word !== ''),
  );
}
