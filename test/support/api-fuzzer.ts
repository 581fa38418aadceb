// Drives every operation of the API's document with questions that fit and questions that do not, and holds each answer against the document:
// its status, its media type, its form.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Random } from '../../mesh/ports.ts';
import { type Schema, SchemaInputs } from './schema-inputs.ts';

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

interface Operation {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly schema: Schema;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Content; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface ApiDocument extends Record<string, unknown> {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Named {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

interface Question {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

type Ask = (url: string, init: RequestInit) => Promise<Response>;

/** What an operation is asked: the parts of its path, its query, its body in JSON or the octets of one. */
export interface Told {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly octets?: string;
}

/** What would only make an answer wait, or ask somebody outside this machine. */
const FIXED = { wait: false, waitMs: 0, checkDeliverability: false };
const FAULTS_MAX = 20;
/** Members of answers by whose values things are asked for. */
const ASKED_BY: Readonly<Record<string, readonly string[]>> = {
  id: ['id', 'deliveryId', 'agentId', 'to'],
  email_id: ['id', 'email_id'],
  address: ['address', 'from', 'to'],
  messageId: ['messageId', 'inReplyTo', 'references'],
  blob: ['blob'],
  seq: ['deliveryId'],
  nextCursor: ['cursor', 'after'],
  hostId: ['host', 'voters'],
};

export class ApiFuzzer {
  readonly #operations: readonly Named[];
  readonly #inputs: SchemaInputs;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
  readonly #validators = new Map<string, ValidateFunction>();
  /** By what is wrong: the same of the same operation is told once. */
  readonly #faults = new Map<string, string>();
  /** By the operation's id, the statuses that it answered with. */
  readonly #answered = new Map<string, Set<number>>();

  /** `isAsked`: whether an operation is, by its id. */
  constructor(document: ApiDocument, random: Random, isAsked: (id: string) => boolean) {
    this.#inputs = new SchemaInputs(document.components.schemas, random, FIXED);
    this.#operations = Object.entries(document.paths)
      .flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })))
      .filter(({ operation }) => isAsked(operation.operationId));
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(document, 'api');
  }

  /** What was asked so far, and what is wrong about the answer: a sentence each. */
  faults(): readonly string[] {
    return [...this.#faults.values()];
  }

  /** The operations that have not succeeded so far. */
  never(): readonly string[] {
    const succeeded = ({ operation }: Named) =>
      [...(this.#answered.get(operation.operationId) ?? [])].some((status) => status < 300);
    return this.#operations.filter((named) => !succeeded(named)).map(({ operation }) => operation.operationId);
  }

  /** Asks one after the other, so that the same seed asks the same. */
  async run(requests: number, ask: Ask): Promise<void> {
    for (let asked = 0; asked < requests && this.#faults.size < FAULTS_MAX; asked += 1) {
      const named = this.#operations[asked % this.#operations.length] as Named;
      await this.#judge(named, this.#question(named), ask);
    }
  }

  /** Asks one operation what fits, and resolves with the answer: its value where it is JSON, else its text. */
  async tell(id: string, { path: places = {}, query = {}, body, octets }: Told, ask: Ask): Promise<unknown> {
    const named = this.#operations.find(({ operation }) => operation.operationId === id);
    if (named === undefined) throw new Error(`The document has no operation '${id}'.`);
    const segments = named.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(places[name] ?? ''));
    const url = `${segments}?${new URLSearchParams(query)}`.replace(/\?$/, '');
    const sent = sentAs(body, octets);
    const { type, text } = await this.#judge(named, { url, method: named.method.toUpperCase(), ...sent }, ask);
    return type === 'application/json' ? JSON.parse(text) : text;
  }

  /** Asks, and notes what is wrong about the answer. */
  async #judge(named: Named, question: Question, ask: Ask): Promise<{ readonly type: string; readonly text: string }> {
    const { url, ...init } = question;
    const response = await ask(url, init);
    const text = await textOf(response);
    const answer = { type: typeOf(response), text };
    const why = this.#whyWrong(named, question, response, text);
    if (why === undefined) return answer;
    const sent = `${question.method} ${url} ${String(question.body ?? '').slice(0, 500)}`;
    this.#faults.set(
      `${named.operation.operationId} ${response.status} ${why.slice(0, 60)}`,
      `${sent} → ${response.status}: ${why}`,
    );
    return answer;
  }

  #question({ path, method, operation }: Named): Question {
    const inputs = this.#inputs;
    const { parameters = [], requestBody } = operation;
    const segments = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      this.#segment(inputs.text({}, `${operation.tags[0]} ${name}`)),
    );
    const query = parameters
      .filter(({ in: place, required }) => place === 'query' && (required === true || inputs.chance(0.4)))
      .map(({ name, schema }) => {
        const value = inputs.fitting(schema, name);
        return `${name}=${this.#encoded(String(inputs.chance(0.1) ? inputs.text({}, '') : value))}`;
      });
    const repeated = inputs.chance(0.02) ? query.concat(query) : query;
    const headers = parameters
      .filter(({ in: place }) => place === 'header' && inputs.chance(0.2))
      .map(
        ({ name, schema }) =>
          [name, String(inputs.fitting(schema, name)).replaceAll(/[^\x21-\x7e]/g, '') || 'x'] as const,
      );
    const upper = method === 'get' && inputs.chance(0.05) ? 'HEAD' : method.toUpperCase();
    const accept = inputs.chance(0.8) ? [['Accept', 'application/x-ndjson'] as const] : [];
    const body: Partial<Question> = requestBody === undefined ? {} : this.#body(requestBody);
    return {
      url: segments + (repeated.length === 0 ? '' : `?${repeated.join('&')}`),
      method: upper,
      ...body,
      headers: { ...Object.fromEntries([...accept, ...headers]), ...body.headers },
    };
  }

  #body({ content, required = false }: NonNullable<Operation['requestBody']>): Pick<Question, 'body' | 'headers'> {
    const inputs = this.#inputs;
    const [type, { schema, example }] = inputs.pick(Object.entries(content));
    const headers = {
      'Content-Type': inputs.chance(0.03) ? inputs.pick(['text/plain', 'application/xml', 'x']) : type,
    };
    if (!required && inputs.chance(0.3)) return { headers };
    if (type !== 'application/json') return { headers, body: inputs.text({}, '') };
    if (inputs.chance(0.03))
      return { headers, body: inputs.pick(['', '{', 'null', '[]', '"', '\ud800', `${'['.repeat(100)}`]) };
    const fitting =
      example !== undefined && inputs.chance(0.2)
        ? (example as ReturnType<typeof inputs.fitting>)
        : inputs.fitting(schema);
    return { headers, body: JSON.stringify(inputs.chance(0.3) ? inputs.spoilt(fitting) : fitting) };
  }

  /** The text as a part of a path. A dot or two would lead to another route before anything is sent. */
  #segment(text: string): string {
    return /^\.{0,2}$/.test(text) ? 'x' : this.#encoded(text);
  }

  /** Mostly as it should be; sometimes with a percent sign that begins nothing. */
  #encoded(text: string): string {
    return this.#inputs.chance(0.02) ? '%zz' : encodeURIComponent(text.toWellFormed());
  }

  #whyWrong({ path, method, operation }: Named, { method: asked }: Question, response: Response, text: string) {
    const { status } = response;
    const statuses = this.#answered.get(operation.operationId) ?? new Set();
    this.#answered.set(operation.operationId, statuses.add(status));
    const type = typeOf(response);
    if (status > 499) return `a fault of the node: ${text.slice(0, 300)}`;
    const described = operation.responses[status];
    if (described === undefined) return `the document knows no such status here: ${text.slice(0, 300)}`;
    if (described.content === undefined || asked === 'HEAD') return text === '' ? undefined : 'there is a body';
    if (described.content[type] === undefined) return `the document has no ${type} here`;
    if (type !== 'application/json') return undefined;
    const value = JSON.parse(text) as unknown;
    this.#learn(value, operation.tags[0]);
    const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
    return this.#whyNoFit(pointer, value);
  }

  #whyNoFit(pointer: readonly string[], value: unknown): string | undefined {
    const name = `api#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const fits = this.#validators.get(name) ?? (this.#ajv.getSchema(name) as ValidateFunction);
    this.#validators.set(name, fits);
    if (fits(value)) return undefined;
    return `${this.#ajv.errorsText(fits.errors)} in ${JSON.stringify(value).slice(0, 500)}`;
  }

  /** An id is one of its subject: `Agents id`. */
  #learn(value: unknown, tag: string): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string' || typeof member === 'number')
        for (const known of ASKED_BY[name] ?? [])
          for (const asked of [known, `${tag} ${known}`]) this.#inputs.meet(asked, String(member));
      else this.#learn(member, tag);
    }
  }
}

function sentAs(body: unknown, octets: string | undefined): Pick<Question, 'headers' | 'body'> {
  if (octets !== undefined) return { headers: { 'Content-Type': 'application/octet-stream' }, body: octets };
  if (body === undefined) return { headers: {} };
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

function typeOf({ headers }: Response): string {
  return (headers.get('content-type') ?? '').split(';')[0] ?? '';
}

/** Nothing of a stream that does not end. */
async function textOf(response: Response): Promise<string> {
  if (typeOf(response) !== 'text/event-stream') return response.text();
  await response.body?.cancel();
  return '';
}
