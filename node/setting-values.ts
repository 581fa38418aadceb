// What the text of a setting means: one reader a kind. Each adds to `mistakes` what is wrong, by the name that the text was given by.
import { isIP } from 'node:net';
import { MeshError } from '../mesh/errors.ts';
import { DEFAULT_PORT } from './defaults.ts';
import { Secret } from './secret.ts';
import { type AllowRule, parseAllowList } from './webhooks/guard/allow-list.ts';

/** Secrets that must have a certain form. */
const SECRET_FORMS: Readonly<Record<string, { readonly form: RegExp; readonly is: string }>> = {
  claims: {
    form: /^(?:quorum|etcd:\/\/\S{1,2000}|postgres(?:ql)?:\/\/\S{1,2000})$/,
    is: 'quorum, etcd://host:port or postgres://user:password@host:port/database',
  },
  'webhook-proxy': {
    form: /^http:\/\/[^\s/]{1,2000}:\d{1,5}\/?$/,
    is: 'http://host:port or http://user:password@host:port',
  },
  'smtp-url': { form: /^smtps?:\/\/\S{1,2000}$/, is: 'smtp://user:password@host:port or smtps://…' },
};
const SECRET_FORM = { form: /^[\x21-\x7e]{16,256}$/, is: '16 to 256 printable ASCII characters without spaces' };

export interface Setting {
  /** `hosts` is `--hosts` and `MESH_HOSTS`; `webhook-allow` is `--webhook-allow` and `MESH_WEBHOOK_ALLOW`. */
  readonly name: string;
  /** What the flag takes, as `--help` shows it; absent: the flag stands alone, and the variable is a switch. */
  readonly takes?: string;
  readonly default?: string;
  readonly help: string;
  readonly secret?: true;
}

export interface ListenAddress {
  readonly ip: string;
  readonly port: number;
}

/** The text of a setting, and the flag or variable that it was given by; `undefined`: it was not given, and has no default. */
export type Given = (name: string) => { readonly text: string; readonly by: string } | undefined;

/** `IP:PORT`, `[IPv6]:PORT`, or an address alone for the default port. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const ip = match?.[1] ?? match?.[2] ?? '';
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  const isRightKind = match?.[1] === undefined ? isIP(ip) === 4 : isIP(ip) === 6;
  return isRightKind && port <= 65_535 ? { ip, port } : undefined;
}

/** A path as it was given. An empty one, as of `--data "$UNSET"`, would mean wherever the program was started. */
export function readPath(name: string, given: Given, mistakes: string[]): string | undefined {
  const value = given(name);
  if (value?.text === '') mistakes.push(`${value.by} must be a path, and is empty`);
  return value?.text;
}

/** `--listen`: `undefined` when it was not said, or is none; of the latter `mistakes` gets a sentence. */
export function readListen(given: Given, mistakes: string[]): ListenAddress | undefined {
  const value = given('listen');
  if (value === undefined) return undefined;
  const listen = parseListen(value.text);
  if (listen === undefined)
    mistakes.push(
      `${value.by} must be IP:PORT, like 127.0.0.1:${DEFAULT_PORT} or [::1]:${DEFAULT_PORT}, not '${value.text}'`,
    );
  return listen;
}

/** `--webhook-allow`: empty when it was not said, or is none; of the latter `mistakes` gets a sentence. */
export function readAllowList(given: Given, mistakes: string[]): readonly AllowRule[] {
  const value = given('webhook-allow');
  try {
    return parseAllowList(value?.text ?? '');
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    mistakes.push(`${value?.by} ${error.message}`);
    return parseAllowList('');
  }
}

/** What a switch is set by, whichever it is. */
const ON = ['on', 'true'];
const OFF = ['off', 'false'];

/** `false` when it was not said. What is neither `on` or `true` nor `off` or `false` is told to `mistakes`. */
export function readSwitch(name: string, given: Given, mistakes: string[]): boolean {
  const value = given(name);
  if (value === undefined) return false;
  const { text, by } = value;
  if (![...ON, ...OFF].includes(text))
    mistakes.push(`${by} must be on or off (true and false say the same), not '${text}'`);
  return ON.includes(text);
}

/** A list with commas, each part as `parse` makes it; `undefined` from there is a mistake. */
export function readList(
  name: string,
  parse: (text: string) => string | undefined,
  are: string,
  given: Given,
  mistakes: string[],
): readonly string[] {
  const value = given(name);
  const parts = (value?.text ?? '').split(',').map((part) => part.trim());
  return parts.flatMap((part) => {
    const parsed = part === '' ? undefined : parse(part);
    if (part !== '' && parsed === undefined) mistakes.push(`${value?.by} must be ${are}, not '${part}'`);
    return parsed ?? [];
  });
}

/** A name that a `Host` header may have, 1 to 253 characters, in lower case; `undefined` when the text is none. */
export function aliasOf(text: string): string | undefined {
  return /^[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?$/i.test(text) ? text.toLowerCase() : undefined;
}

/** An origin as a browser writes it (RFC 6454 section 6.2): no path, no default port, in lower case. */
export function originOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && text === url.origin;
  return isOrigin ? text : undefined;
}

/** Where another program listens, by its IP address: what a name leads to may change. */
export function readForward(given: Given, mistakes: string[]): URL | undefined {
  const value = given('forward');
  if (value === undefined) return undefined;
  const url = URL.canParse(value.text) ? new URL(value.text) : undefined;
  const isPlain = url !== undefined && url.protocol === 'http:' && url.href === `${url.origin}/`;
  if (isPlain && isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) return url;
  mistakes.push(`${value.by} must be http://IP:port without a path, like http://127.0.0.1:23100, not '${value.text}'`);
  return undefined;
}

/** A whole number from 1 to `max`. */
export function readCount(name: string, max: number, given: Given, mistakes: string[]): number {
  const value = given(name);
  const count = /^\d{1,9}$/.test(value?.text ?? '') ? Number(value?.text) : 0;
  if (count < 1 || count > max)
    mistakes.push(`${value?.by} must be a whole number from 1 to ${max}, not '${value?.text}'`);
  return count;
}

/** The word that `text` is; `undefined` when `text` is none of the words. */
export function readChoice<Word extends string>(
  name: string,
  words: readonly Word[],
  given: Given,
  mistakes: string[],
): Word | undefined {
  const value = given(name);
  const word = words.find((one) => one === value?.text);
  if (word === undefined) mistakes.push(`${value?.by} must be one of ${words.join(', ')}, not '${value?.text}'`);
  return word;
}

/** A secret in the form that its name requires; one in another form is told to `mistakes`, without its text. */
export function readSecret(name: string, given: Given, mistakes: string[]): Secret | undefined {
  const value = given(name);
  if (value === undefined) return undefined;
  const { form, is } = SECRET_FORMS[name] ?? SECRET_FORM;
  if (!form.test(value.text)) mistakes.push(`${value.by} must be ${is}`);
  return new Secret(value.text);
}
