// Every setting of a node: its flag, its variable, its default and its reason, in one table that also makes `--help`.
// Flags win over variables. All mistakes are told at once, each with the name that it was given by. Secrets come from the
// environment only, since a command line is seen by every user of the machine, and print as `[secret]`.
import { MeshError } from '../mesh/errors.ts';
import { LEGACY_MODES, type LegacyMode } from '../mesh/lookup/legacy-hosts.ts';
import { DEFAULT_DATA, DEFAULT_PORT } from './defaults.ts';
import { MAILBOX_SETTINGS, type MailboxConfig, readMailbox } from './mailbox-settings.ts';
import { Secret } from './secret.ts';
import {
  aliasOf,
  type Given,
  type ListenAddress,
  originOf,
  readAllowList,
  readChoice,
  readCount,
  readForward,
  readList,
  readListen,
  readPath,
  readSecret,
  readSwitch,
  type Setting,
} from './setting-values.ts';
import type { AllowRule } from './webhooks/guard/allow-list.ts';

const INDEX_SCOPES = ['host', 'mesh'] as const;
const LOG_DAYS_MAX = 3_650;
const LOG_LEVELS = ['info', 'warn', 'error', 'silent'] as const;

export const SETTINGS: readonly Setting[] = [
  { name: 'hosts', takes: 'FILE', default: './hosts.json', help: 'who is in the mesh; watched for edits' },
  {
    name: 'host',
    takes: 'ID',
    help: 'which entry of hosts.json is this host (default: the one with "type": "local", else the machine\'s name)',
  },
  {
    name: 'data',
    takes: 'DIR',
    default: DEFAULT_DATA,
    help: "this host's agents, claims and keys; one node a directory",
  },
  {
    name: 'listen',
    takes: 'IP:PORT',
    help: `where to listen (default: this host's URL in hosts.json, port ${DEFAULT_PORT})`,
  },
  {
    name: 'webhook-allow',
    takes: 'LIST',
    help: 'CIDR[:port],… that webhooks may be sent to, besides public addresses, and loopback on a node that listens there only',
  },
  {
    name: 'log-days',
    takes: 'DAYS',
    default: '7',
    help: 'how long a change is kept for readers that are late (webhooks that are disabled, hosts that are down): 1 to 3650 days',
  },
  {
    name: 'send-accounts',
    takes: 'FILE',
    help: 'the accounts that agents may send mail through (node/send/README.md); mode 0600. Unset: sending is off',
  },
  ...MAILBOX_SETTINGS,
  { name: 'allow-single-label', help: 'accept addresses whose domain has no dot, like agent@mac' },
  { name: 'allow-ip-literal', help: 'accept addresses at an IP literal, like agent@[192.0.2.1]' },
  {
    name: 'legacy',
    takes: 'MODE',
    default: 'detect',
    help: 'hosts that serve only the look-up: detect (asked before each claim; a silent one stops claims), lenient (a silent one does not), strict (none may be listed)',
  },
  {
    name: 'index-scope',
    takes: 'SCOPE',
    default: 'host',
    help: "what the plain email index shows: host (this host's own addresses) or mesh (the copy of everybody's, too)",
  },
  {
    name: 'aliases',
    takes: 'LIST',
    help: 'further names that this node answers to (Host), with commas, beside those of hosts.json: mesh.example.com,…',
  },
  {
    name: 'origins',
    takes: 'LIST',
    help: 'web origins whose pages may read here (CORS), with commas: https://dashboard.example.com,…; unset: none',
  },
  {
    name: 'peer-channel',
    takes: 'SWITCH',
    default: 'on',
    help: 'on: hosts speak over one kept connection each; off: by a signed request each, as with a host that has none',
  },
  {
    name: 'page',
    takes: 'SWITCH',
    default: 'on',
    help: 'on: GET / is a page for browsers, which shows and does what the API would (node/page/README.md); off: there is none',
  },
  {
    name: 'compat',
    takes: 'WORD',
    default: 'off',
    help: 'maestro: answer what hosts of AI Maestro ask of each other, beside this API (node/compat/README.md); off: none of it',
  },
  {
    name: 'forward',
    takes: 'URL',
    help: 'http://IP:port of AI Maestro beside this node: /api/v1/… is passed on there (node/compat/README.md); unset: nothing is',
  },
  {
    name: 'accept-new-key',
    help: "this host's key file was lost or replaced: go on with a new key, which its peers must then be told",
  },
  {
    name: 'log-level',
    takes: 'LEVEL',
    default: 'info',
    help: 'info, warn, error or silent; logs go to standard error',
  },
  {
    name: 'token',
    secret: true,
    help: 'what a client shows as "Authorization: Bearer …" to change anything; needed where others reach this node, through a proxy too',
  },
  {
    name: 'read-token',
    secret: true,
    help: 'the same for reading; alone, it guards changes too; unset: reads are open',
  },
  {
    name: 'secret',
    secret: true,
    help: "shared by all hosts: proves a host's key at first contact, and turns trust on first use off",
  },
  {
    name: 'claims',
    secret: true,
    help: 'who keeps the claims, the same on every host: quorum (the hosts themselves, the default), etcd://host:2379, or postgres://user:password@host/database',
  },
  {
    name: 'webhook-proxy',
    secret: true,
    help: 'http://[user:password@]host:port of a proxy that webhooks to public receivers go through',
  },
  {
    name: 'smtp-url',
    secret: true,
    help: 'one account to send mail through: smtp://user:password@host:587, smtps://…:465, or smtp://127.0.0.1:25',
  },
];

/** Variables of the other commands, beside those of the settings. */
const COMMAND_VARIABLES = ['MESH_URL', 'MESH_AGENT', 'MESH_JOIN_TOKEN', 'MESH_INBOX', 'MESH_INBOX_KEY'];

export interface Config {
  readonly hostsFile: string;
  readonly host: string | undefined;
  readonly dataDirectory: string;
  readonly listen: ListenAddress | undefined;
  readonly webhookAllow: readonly AllowRule[];
  readonly logDays: number;
  readonly sendAccounts: string | undefined;
  /** Absent: there are no inboxes. */
  readonly mailbox: MailboxConfig | undefined;
  readonly allowSingleLabel: boolean;
  readonly allowIpLiteral: boolean;
  readonly legacy: LegacyMode;
  readonly indexScope: (typeof INDEX_SCOPES)[number];
  /** Further names for the `Host` check, in lower case. */
  readonly aliases: readonly string[];
  /** Origins as browsers send them. */
  readonly origins: readonly string[];
  readonly peerChannel: boolean;
  readonly page: boolean;
  readonly compat: 'maestro' | undefined;
  readonly forward: URL | undefined;
  readonly acceptNewKey: boolean;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Variables that are set and look like settings of this program but are none: mistyped, or meant for other programs. */
  readonly unknownVariables: readonly string[];
  /** Every setting, for people. */
  readonly shown: readonly ShownSetting[];
}

export interface Secrets {
  readonly token: Secret | undefined;
  readonly readToken: Secret | undefined;
  readonly meshSecret: Secret | undefined;
  readonly smtpUrl: Secret | undefined;
  readonly claims: Secret | undefined;
  readonly webhookProxy: Secret | undefined;
}

/** A setting as people are shown it. */
export interface ShownSetting {
  readonly variable: string;
  /** `[secret]` for a secret; absent: it is not set, and has no default. */
  readonly text: string | undefined;
  readonly from: string;
  readonly help: string;
}

/** `webhook-allow` → `MESH_WEBHOOK_ALLOW`. */
export function variableOf(setting: Setting): string {
  return `MESH_${setting.name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * Reads flags (by setting name) and environment. Throws one `MeshError` `invalid_request` that lists every mistake.
 */
export function readConfig(
  flags: Readonly<Record<string, string | boolean | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly config: Config; readonly secrets: Secrets } {
  const mistakes: string[] = [];
  const given = givenBy(flags, environment);
  const config: Config = {
    hostsFile: readPath('hosts', given, mistakes) ?? '',
    host: given('host')?.text,
    dataDirectory: readPath('data', given, mistakes) ?? '',
    listen: readListen(given, mistakes),
    webhookAllow: readAllowList(given, mistakes),
    logDays: readCount('log-days', LOG_DAYS_MAX, given, mistakes),
    sendAccounts: readPath('send-accounts', given, mistakes),
    mailbox: readMailbox(given, mistakes),
    allowSingleLabel: readSwitch('allow-single-label', given, mistakes),
    allowIpLiteral: readSwitch('allow-ip-literal', given, mistakes),
    legacy: readChoice('legacy', LEGACY_MODES, given, mistakes) ?? 'detect',
    indexScope: readChoice('index-scope', INDEX_SCOPES, given, mistakes) ?? 'host',
    aliases: readList('aliases', aliasOf, 'host names, like mesh.example.com', given, mistakes),
    origins: readList('origins', originOf, 'origins, like https://dashboard.example.com', given, mistakes),
    peerChannel: readSwitch('peer-channel', given, mistakes),
    forward: readForward(given, mistakes),
    compat: readChoice('compat', ['off', 'maestro'], given, mistakes) === 'maestro' ? 'maestro' : undefined,
    page: readSwitch('page', given, mistakes),
    acceptNewKey: readSwitch('accept-new-key', given, mistakes),
    logLevel: readChoice('log-level', LOG_LEVELS, given, mistakes) ?? 'info',
    unknownVariables: unknownVariablesIn(environment),
    shown: SETTINGS.map((setting) => shownOf(setting, given(setting.name))),
  };
  const secrets: Secrets = {
    token: readSecret('token', given, mistakes),
    readToken: readSecret('read-token', given, mistakes),
    meshSecret: readSecret('secret', given, mistakes),
    smtpUrl: readSecret('smtp-url', given, mistakes),
    claims: readSecret('claims', given, mistakes),
    webhookProxy: readSecret('webhook-proxy', given, mistakes),
  };
  if (mistakes.length > 0)
    throw new MeshError('invalid_request', `The settings have mistakes: ${mistakes.join('; ')}.`);
  return { config, secrets };
}

function givenBy(
  flags: Readonly<Record<string, string | boolean | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): (name: string) => (NonNullable<ReturnType<Given>> & { readonly from: string }) | undefined {
  return (name) => {
    const setting = SETTINGS.find((one) => one.name === name);
    if (setting === undefined) throw new Error(`There is no setting '${name}'.`);
    const flag = setting.secret ? undefined : flags[name];
    if (flag !== undefined) return { text: String(flag), by: `--${name}`, from: `--${name}` };
    const variable = environment[variableOf(setting)];
    if (variable !== undefined && variable !== '')
      return { text: variable, by: variableOf(setting), from: 'environment' };
    return setting.default === undefined ? undefined : { text: setting.default, by: `--${name}`, from: 'default' };
  };
}

function shownOf(setting: Setting, given: { readonly text: string; readonly from: string } | undefined): ShownSetting {
  const text = given === undefined ? undefined : setting.secret ? String(new Secret(given.text)) : given.text;
  return { variable: variableOf(setting), text, from: given?.from ?? '–', help: setting.help };
}

function unknownVariablesIn(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = new Set([...SETTINGS.map(variableOf), ...COMMAND_VARIABLES]);
  return Object.keys(environment).filter((name) => /^MESH_/i.test(name) && !known.has(name));
}
