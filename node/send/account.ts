// An account is an SMTP server and how this host may use it. Accounts are read from the accounts file or the environment and checked
// when they are loaded. Their secrets print as `[secret]`.
import type { Secret } from '../secret.ts';
import { LIFETIME_MS } from './limits.ts';

/** Defaults of an account, and what the accounts file may ask for at most. */
export const RATE_PER_HOUR = 100;
export const CONNECTIONS_PER_ACCOUNT = 5;
export const CONNECTIONS_PER_ACCOUNT_MAX = 50;

export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  /** PEM, an RSA key (RFC 6376) that was used once at load: with a bad one, nodemailer would send unsigned and say nothing. */
  readonly privateKey: Secret;
}

/** What signs mail from a domain, in lower case, whatever account it goes through; `undefined`: nothing but the account's own key. */
export type DkimFor = (domain: string) => DkimKey | undefined;

export type AccountAuth =
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret }
  /** XOAUTH2 with an access token made from a refresh token (RFC 6749 §6). */
  | {
      readonly kind: 'xoauth2';
      readonly user: string;
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret?: Secret;
      readonly refreshToken: Secret;
      readonly scope?: string;
    };

export interface Account {
  /** The operator's name for it; in answers and logs. */
  readonly id: string;
  readonly preset?: string;
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first octet (465). `starttls`: required, never optional. `none`: loopback only, and without `auth`. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly auth?: AccountAuth;
  /** PEM certificates, the only ones trusted. Absent: the system's are trusted. */
  readonly ca?: string;
  /** The file that they were read from, with an absolute path. */
  readonly caFile?: string;
  /** Name the server's certificate must have, when it is not `host`. */
  readonly tlsName?: string;
  /** Addresses (`titania@x.com`) and domains (`@x.com`) that may be sent as through it, lower case; empty: all. */
  readonly senders: readonly string[];
  readonly connectionsMax: number;
  /** Messages in any 60 minutes. */
  readonly ratePerHour: number;
  readonly dkim?: DkimKey;
}

/** Everything the operator says about sending. */
export interface SendConfig {
  /** In the order of preference; empty: sending is off. */
  readonly accounts: readonly Account[];
  /** Messages of one agent in any 60 minutes. */
  readonly agentRatePerHour: number;
  /** How long a message is tried, in milliseconds, unless its sender says otherwise. */
  readonly lifetimeMs: number;
  /**
   * The most that an address may send a day in its first days of sending: `perDay[n]` holds for `daysPerStep` days; after the
   * last step only the rates bound it. Absent: no plan.
   */
  readonly warmUp?: { readonly perDay: readonly number[]; readonly daysPerStep: number };
  /** Special-use domains (RFC 6761) that are mail domains here, in lower case. Mail to them, and to domains under them, is sent. */
  readonly internalDomains: readonly string[];
}

/** Without an account everything of the send module works but sending. */
export const SENDING_OFF: SendConfig = {
  accounts: [],
  agentRatePerHour: RATE_PER_HOUR,
  lifetimeMs: LIFETIME_MS,
  internalDomains: [],
};
