// Servers of well-known providers, from nodemailer's own table. With a preset, an account names its provider instead of host and port.
import services from 'nodemailer/lib/well-known/services.json' with { type: 'json' };

export interface Preset {
  /** The word by which an account's `preset` names it, lower case. */
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls';
}

interface Service {
  readonly description?: string;
  readonly aliases?: readonly string[];
  readonly domains?: readonly string[];
  readonly host?: string;
  readonly port?: number | string;
  readonly secure?: boolean;
}

interface Named {
  readonly preset: Preset;
  readonly names: readonly string[];
}

/** `undefined`: a server of this machine, which needs no preset. */
function presetOf([name, service]: readonly [string, Service]): Named | undefined {
  const { host, description, aliases = [], domains = [] } = service;
  if (host === undefined || host === 'localhost') return undefined;
  const port = Number(service.port ?? 587);
  // A connection that is not encrypted from the first octet must become so, because STARTTLS is never optional here.
  const security = service.secure === true || port === 465 ? 'tls' : 'starttls';
  return {
    preset: { id: nameKey(name), name: description ?? name, host, port, security },
    names: [name, ...aliases, ...domains].map(nameKey),
  };
}

const NAMED = Object.entries(services as Readonly<Record<string, Service>>).flatMap((entry) => presetOf(entry) ?? []);
const BY_NAME: ReadonlyMap<string, Preset> = new Map(
  NAMED.flatMap(({ preset, names }) => names.map((name) => [name, preset] as const)),
);

/** The presets, by id. */
export const PRESETS: readonly Preset[] = NAMED.map(({ preset }) => preset).sort((one, other) =>
  one.id < other.id ? -1 : 1,
);

/** `gmail`, `Outlook`, `SendGrid`, … or a domain of theirs, `me.com`, in any case; `undefined` when there is none of that name. */
export function findPreset(name: string): Preset | undefined {
  return BY_NAME.get(nameKey(name));
}

function nameKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.-]/g, '');
}
