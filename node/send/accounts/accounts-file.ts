// The accounts that mail goes out through, from the operator's file or one URL in the environment. Everything that is wrong with
// them is told at once, each with its place and without a secret; what is unsafe does not load.
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { JsonFault, jsonPath, parseForeignJson } from '../../../mesh/json/foreign-json.ts';
import { FILE_BOUNDS } from '../../../mesh/json/json-shape.ts';
import { schemaSentence } from '../../../mesh/json/schema-sentences.ts';
import { isThisMachine } from '../../machine/this-machine.ts';
import { Secret } from '../../secret.ts';
import type { Account, AccountAuth, DkimKey, SendConfig } from '../account.ts';
import { CONNECTIONS_PER_ACCOUNT, CONNECTIONS_PER_ACCOUNT_MAX, RATE_PER_HOUR } from '../account.ts';
import { LIFETIME_MS, LIFETIME_MS_MAX, LIFETIME_MS_MIN } from '../limits.ts';
import { loadDkimKey } from './dkim-key.ts';
import { tokenDefaults } from './oauth-providers.ts';
import { findPreset, type Preset } from './presets.ts';

const HOUR_MS = 3_600_000;
const secret = z
  .string()
  .min(1)
  .max(4_096)
  .transform((text) => new Secret(text));
const rate = z.int().min(1).max(100_000_000);
const account = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be 1–64 letters, digits, '.', '_' or '-'"),
  preset: z.string().optional(),
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an IP address')
    .optional(),
  port: z.int().min(1).max(65_535).optional(),
  security: z.enum(['tls', 'starttls', 'none']).optional(),
  user: z.string().min(1).max(320).optional(),
  password: secret.optional(),
  oauth2: z
    .strictObject({
      clientId: z.string().min(1),
      clientSecret: secret.optional(),
      refreshToken: secret,
      tokenUrl: z.url({ protocol: /^https$/, error: 'must be an https:// URL' }).optional(),
      scope: z.string().optional(),
    })
    .optional(),
  caFile: z.string().optional(),
  tlsName: z.string().optional(),
  senders: z
    .array(
      z
        .string()
        .regex(/^[^\s@]*@[^\s@]+$/, 'must be an address, or @domain')
        .transform((text) => text.toLowerCase()),
    )
    .optional(),
  connectionsMax: z.int().min(1).max(CONNECTIONS_PER_ACCOUNT_MAX).optional(),
  ratePerHour: rate.optional(),
  dkim: z
    .strictObject({ domain: z.string().min(1), selector: z.string().min(1), privateKeyFile: z.string() })
    .optional(),
});
const file = z.strictObject({
  accounts: z.array(account).max(20),
  agentRatePerHour: rate.optional(),
  lifetimeHours: z
    .number()
    .min(LIFETIME_MS_MIN / HOUR_MS)
    .max(LIFETIME_MS_MAX / HOUR_MS)
    .optional(),
  warmUp: z
    .union([
      z.boolean(),
      z.strictObject({ perDay: z.array(z.int().min(1)).min(1).max(60), daysPerStep: z.int().min(1).max(60) }),
    ])
    .optional(),
  internalDomains: z
    .array(
      z
        .string()
        .min(1)
        .transform((text) => text.toLowerCase()),
    )
    .max(100)
    .optional(),
});
type AccountEntry = z.output<typeof account>;

/** 20 a day in the first week, then 50, 100, 250. */
const WARM_UP = { perDay: [20, 50, 100, 250], daysPerStep: 7 } as const;

export interface SendSources {
  /** `--send-accounts`. */
  readonly file: string | undefined;
  /** `MESH_SMTP_URL`. */
  readonly url: Secret | undefined;
}

/** How an operator's files are read: only when nobody else can read or exchange what must be theirs alone. */
export interface FileReaders {
  /** The text of a file that holds a secret; `what` begins the sentence of a refusal. Throws `invalid_request`. */
  readPrivateFile(path: string, what: string): string;
  /** PEM certificates. Throws an Error whose message is a part of a sentence, beginning with the file's name. */
  readCertificates(path: string): string;
}

/** Without either, sending is off. Throws one `invalid_request` that lists every mistake. */
export function readSendConfig({ file: path, url }: SendSources, readers: FileReaders): SendConfig {
  const mistakes: string[] = [];
  const parsed = path === undefined ? undefined : readFileEntries(path, readers, mistakes);
  const directory = path === undefined ? '.' : dirname(resolve(path));
  const accounts: Account[] = [];
  for (const [at, entry] of (parsed?.accounts ?? []).entries()) {
    const fault = (why: string) => mistakes.push(`accounts[${at}] ('${entry.id}') ${why}`);
    const made = makeAccount(entry, { ...readers, directory }, fault);
    if (made !== undefined) accounts.push(made);
  }
  const fromUrl = url === undefined ? undefined : accountOfUrl(url, mistakes);
  if (fromUrl !== undefined) accounts.push(fromUrl);
  for (const { id } of accounts.filter(({ id: one }, at) => accounts.findIndex(({ id: other }) => other === one) < at))
    mistakes.push(`the account '${id}' is given twice`);
  if (mistakes.length > 0)
    throw new MeshError('invalid_request', `The accounts for sending have mistakes: ${mistakes.join('; ')}.`);
  const { agentRatePerHour = RATE_PER_HOUR, lifetimeHours, warmUp, internalDomains = [] } = parsed ?? {};
  return {
    accounts,
    agentRatePerHour,
    lifetimeMs: lifetimeHours === undefined ? LIFETIME_MS : lifetimeHours * HOUR_MS,
    internalDomains,
    ...(warmUp === undefined || warmUp === false ? {} : { warmUp: warmUp === true ? WARM_UP : warmUp }),
  };
}

function readFileEntries(
  path: string,
  { readPrivateFile }: FileReaders,
  mistakes: string[],
): z.output<typeof file> | undefined {
  const text = readPrivateFile(path, 'The accounts file');
  let json: unknown;
  try {
    json = parseForeignJson(text, FILE_BOUNDS);
  } catch (fault) {
    // The parser's own words would quote the text, and with it a password.
    const isProto = fault instanceof JsonFault && fault.field !== undefined;
    mistakes.push(`'${path}' ${isProto ? fault.message : 'is not JSON'}`);
    return undefined;
  }
  const parsed = file.safeParse(json, { error: schemaSentence });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    mistakes.push(`${jsonPath(issue.path) || 'the file'} ${issue.message}`);
  }
  return undefined;
}

/** Where the files are that an account names, and how they are read. */
interface AccountFiles extends FileReaders {
  readonly directory: string;
}

function makeAccount(entry: AccountEntry, files: AccountFiles, fault: (why: string) => void): Account | undefined {
  const preset = entry.preset === undefined ? undefined : findPreset(entry.preset);
  if (entry.preset !== undefined && preset === undefined)
    fault(`has the preset '${entry.preset}', which is not known; GET /api/email/providers lists them`);
  const host = entry.host ?? preset?.host;
  if (host === undefined) {
    if (entry.preset === undefined) fault("needs a 'preset' or a 'host'");
    return undefined;
  }
  const security = entry.security ?? preset?.security ?? (entry.port === 465 ? 'tls' : 'starttls');
  const port = entry.port ?? (entry.host === undefined ? preset?.port : undefined) ?? (security === 'tls' ? 465 : 587);
  const auth = authOf(entry, preset, fault);
  refuseClear({ host, security, auth }, fault);
  const ca = entry.caFile === undefined ? undefined : certificatesIn(entry.caFile, files, fault);
  const dkim = dkimOf(entry, files, fault);
  return {
    id: entry.id,
    host,
    port,
    security,
    senders: entry.senders ?? [],
    connectionsMax: entry.connectionsMax ?? CONNECTIONS_PER_ACCOUNT,
    ratePerHour: entry.ratePerHour ?? RATE_PER_HOUR,
    ...(preset === undefined ? {} : { preset: preset.id }),
    ...(auth === undefined ? {} : { auth }),
    ...ca,
    ...(entry.tlsName === undefined ? {} : { tlsName: entry.tlsName }),
    ...(dkim === undefined ? {} : { dkim }),
  };
}

function authOf(
  { user, password, oauth2 }: AccountEntry,
  preset: Preset | undefined,
  fault: (why: string) => void,
): AccountAuth | undefined {
  if (user === undefined) {
    if (password !== undefined || oauth2 !== undefined) fault("has a password or token but no 'user'");
    return undefined;
  }
  if ((password === undefined) === (oauth2 === undefined)) {
    fault("needs 'password' or 'oauth2' beside 'user', one of the two");
    return undefined;
  }
  if (password !== undefined) return { kind: 'password', user, password };
  if (oauth2 === undefined) return undefined;
  const known = tokenDefaults(preset?.id);
  const tokenUrl = oauth2.tokenUrl ?? known?.tokenUrl;
  if (tokenUrl === undefined) fault("needs 'oauth2.tokenUrl': its provider's is not known here");
  const scope = oauth2.scope ?? known?.scope;
  const { clientId, clientSecret, refreshToken } = oauth2;
  return {
    kind: 'xoauth2',
    user,
    tokenUrl: tokenUrl ?? '',
    clientId,
    refreshToken,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** Mail in clear text goes no further than this machine, and a password never. */
function refuseClear(
  { host, security, auth }: Pick<Account, 'host' | 'security'> & { readonly auth: AccountAuth | undefined },
  fault: (why: string) => void,
): void {
  if (security !== 'none') return;
  if (!isThisMachine(host))
    fault(`has "security": "none" for ${host}; without TLS only a server on this machine may be used (127.0.0.1)`);
  if (auth !== undefined) fault('has "security": "none" and a password, which would go out in clear text');
}

function certificatesIn(
  path: string,
  { directory, readCertificates }: AccountFiles,
  fault: (why: string) => void,
): Pick<Account, 'ca' | 'caFile'> | undefined {
  const caFile = resolve(directory, path);
  try {
    return { ca: readCertificates(caFile), caFile };
  } catch (error) {
    fault(`names a 'caFile' that can't be used: ${(error as Error).message}`);
    return undefined;
  }
}

function dkimOf(
  { dkim }: AccountEntry,
  { directory, readPrivateFile }: AccountFiles,
  fault: (why: string) => void,
): DkimKey | undefined {
  if (dkim === undefined) return undefined;
  try {
    const path = resolve(directory, dkim.privateKeyFile);
    return loadDkimKey(dkim.domain, dkim.selector, { path, readPrivateFile });
  } catch (error) {
    fault(`has a DKIM key that can't be used: ${(error as Error).message}`);
    return undefined;
  }
}

/** `smtp://user:password@host:587`, `smtps://…`, `smtp://127.0.0.1:25`: one account called `default`. */
function accountOfUrl(given: Secret, mistakes: string[]): Account | undefined {
  const fault = (why: string) => {
    mistakes.push(`MESH_SMTP_URL ${why}`);
  };
  const text = given.reveal();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || /[^/]/.test(url.pathname)) {
    fault('must be smtp://user:password@host:port or smtps://…; in a user or password write / as %2F');
    return undefined;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (user === undefined || password === undefined) {
    fault('has a user or password with a % that begins no %XX; write a % as %25');
    return undefined;
  }
  if ((user === '') !== (password === '')) fault('needs both a user and a password, or neither');
  const security = url.protocol === 'smtps:' ? 'tls' : isThisMachine(host) && user === '' ? 'none' : 'starttls';
  const port = url.port === '' ? { tls: 465, starttls: 587, none: 25 }[security] : Number(url.port);
  const rest = { senders: [], connectionsMax: CONNECTIONS_PER_ACCOUNT, ratePerHour: RATE_PER_HOUR };
  const auth = user === '' ? {} : { auth: { kind: 'password', user, password: new Secret(password) } as const };
  return { id: 'default', host, port, security, ...rest, ...auth };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // The caller says so.
    return undefined;
  }
}
