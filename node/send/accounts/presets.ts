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

const byId = new Map<string, Preset>();
const all: Preset[] = [];
for (const [name, service] of Object.entries(services as Readonly<Record<string, Service>>)) {
  const port = Number(service.port ?? 587);
  // A connection that is not encrypted from the first octet must become so, because STARTTLS is never optional here.
  const isTls = service.secure === true || port === 465;
  if (service.host === undefined || service.host === 'localhost') continue;
  const preset: Preset = {
    id: nameKey(name),
    name: service.description ?? name,
    host: service.host,
    port,
    security: isTls ? 'tls' : 'starttls',
  };
  all.push(preset);
  for (const alias of [name, ...(service.aliases ?? []), ...(service.domains ?? [])]) byId.set(nameKey(alias), preset);
}

/** All of them, by id. */
export const PRESETS: readonly Preset[] = all.sort((one, other) => (one.id < other.id ? -1 : 1));

/** `gmail`, `Outlook`, `SendGrid`, … or a domain of theirs, `me.com`, in any case; `undefined` when there is none of that name. */
export function findPreset(name: string): Preset | undefined {
  return byId.get(nameKey(name));
}

function nameKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.-]/g, '');
}
