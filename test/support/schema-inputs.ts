// Values by a JSON Schema, as the document of the API has them: such as fit, and such as nearly do. Names and ids that were met in answers come
// back in questions, for most of what there is to ask is about something that is there.
import type { Random } from '../../mesh/ports.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly not?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Texts that programs have stumbled over. */
const ODD_TEXTS = [
  ...['', ' ', '0', '-1', 'null', 'true', '__proto__', 'constructor', '.', '..', '../../etc/passwd', '%', '%00', '%zz'],
  ...['\0', '\r\nX: 1', '\u202e', '\ud800', '😀', 'é', 'ﬀ', 'İ', '名前', '<script>', "' OR 1=1", '{{x}}', '\\', '"'],
  ...[
    'a@x.com',
    'A@X.COM',
    '"a b"@x.com',
    'a@[127.0.0.1]',
    'a@xn--a',
    '@',
    'a@b@c.com',
    'ä@bücher.example',
    'a'.repeat(300),
  ],
  ...[
    'http://127.0.0.1:1/',
    'http://[::1]:1/',
    'file:///etc/passwd',
    'http://',
    '2026-01-27T12:00:00Z',
    '9'.repeat(30),
  ],
] as const;
const ODD_VALUES: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [[]],
  { x: 1 },
  '',
];
/** A name is made of a number, so that some are the same and most are not. */
const NAMES_MAX = 400;
const MET_MAX = 200;

export class SchemaInputs {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #random: Random;
  readonly #met = new Map<string, string[]>();
  /** Values of members and parameters that are not left to chance: those that would only make an answer wait. */
  readonly #fixed: Readonly<Record<string, Json>>;

  constructor(schemas: Readonly<Record<string, Schema>>, random: Random, fixed: Readonly<Record<string, Json>>) {
    this.#schemas = schemas;
    this.#random = random;
    this.#fixed = fixed;
  }

  /** Remembers what an answer calls by that name. */
  meet(name: string, value: string): void {
    const values = this.#met.get(name) ?? [];
    values[values.length < MET_MAX ? values.length : this.below(MET_MAX)] = value;
    this.#met.set(name, values);
  }

  below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }

  /** A value that the schema takes, or nearly. `name`: of the member or parameter that it is for. */
  fitting(schema: Schema, name = ''): Json {
    if (name in this.#fixed) return this.#fixed[name] as Json;
    if (schema.$ref !== undefined) return this.fitting(this.#schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, name);
    if (schema.const !== undefined) return schema.const as Json;
    if (schema.enum !== undefined) return this.pick(schema.enum) as Json;
    if (schema.anyOf !== undefined) return this.fitting(this.pick(schema.anyOf), name);
    const type =
      typeof schema.type === 'string' ? schema.type : this.pick(schema.type ?? ['string', 'number', 'object']);
    if (type === 'object') return this.#object(schema);
    if (type === 'array')
      return Array.from({ length: (schema.minItems ?? 0) + this.below(3) }, () =>
        this.fitting(schema.items ?? {}, name),
      );
    if (type === 'integer' || type === 'number') return this.#number(schema);
    if (type === 'boolean') return this.chance(0.5);
    return type === 'null' ? null : this.text(schema, name);
  }

  /** The value with one thing about it that is wrong, or odd. */
  spoilt(value: Json): Json {
    if (value === null || typeof value !== 'object' || this.chance(0.2))
      return this.chance(0.5) ? this.pick(ODD_TEXTS) : this.pick(ODD_VALUES);
    if (Array.isArray(value))
      return value.length === 0
        ? [this.pick(ODD_VALUES)]
        : value.with(this.below(value.length), this.spoilt(value[0] ?? null));
    const names = Object.keys(value);
    if (names.length === 0 || this.chance(0.2))
      return { ...value, [this.pick(['unknown', '__proto__', '', ...ODD_TEXTS])]: this.pick(ODD_VALUES) };
    const name = this.pick(names);
    const { [name]: spoilt = null, ...rest } = value;
    return this.chance(0.3) ? rest : { ...rest, [name]: this.spoilt(spoilt) };
  }

  text(schema: Schema, name: string): string {
    const met = this.#met.get(name) ?? [];
    if (met.length > 0 && this.chance(0.8)) return this.pick(met);
    if (this.chance(0.1)) return this.pick(ODD_TEXTS);
    const number = this.below(NAMES_MAX);
    if (schema.format === 'date-time') return new Date(Date.UTC(2026, 0, 1) + number * 86_400_000).toISOString();
    if (/address|from|to|cc|bcc|replyTo|email/i.test(name)) return `name${number}@x${number % 7}.example.com`;
    if (name === 'url') return `http://127.0.0.1:1/${number}`;
    if (name === 'events') return this.pick(['agent.email.changed', 'agent.created', 'email.sent', 'email.failed']);
    if (/secret/i.test(name)) return `secret-${number}-of-forty-characters-or-more-0123`;
    if (/id$|host/i.test(name) || schema.pattern !== undefined)
      return this.pick([`a${number}`, String(number), '5.1.1']);
    return `word ${number}`;
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema): Json {
    const told = Object.entries(properties).filter(
      ([name, { not }]) => required.includes(name) || (not === undefined && this.chance(0.5)),
    );
    const members = told.map(([name, schema]) => [name, this.fitting(schema, name)] as const);
    const free = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    const more =
      free === undefined
        ? []
        : Array.from({ length: this.below(3) }, (_, at) => [`x-${at}`, this.fitting(free)] as const);
    return Object.fromEntries([...members, ...more]);
  }

  #number({ minimum = 0, maximum = 1_000 }: Schema): number {
    return this.pick([minimum, Math.min(maximum, minimum + this.below(100)), maximum]);
  }
}
