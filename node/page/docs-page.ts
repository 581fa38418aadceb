// GET /docs: the document of the API for people, made from the very document that programs read at /openapi.json.
import type { Clock } from '../../mesh/ports.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import { DOCS_PATH, OPENAPI_PATH } from '../http/paths.ts';
import type { ApiAnswer, ApiContent, ApiDocument, ApiOperation } from './api-document.ts';
import { curlLine, exampleOf } from './api-example.ts';
import { paragraphs, prose } from './api-prose.ts';
import { kindOf, membersOf, schemaId } from './api-schema.ts';
import type { PageDoor } from './door.ts';
import { code, snippet, table } from './fragments.ts';
import { type Markup, markup } from './markup.ts';

export interface DocsPageServices {
  /** `text`: the OpenAPI document in JSON. */
  readonly document: { text(): Promise<string> };
  /** Where clients reach this node. */
  readonly origin: () => string;
  readonly clock: Clock;
}

interface Named {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation;
}

const JSON_TYPE = 'application/json';

export function docsPage(door: PageDoor, { document, origin, clock }: DocsPageServices): void {
  door.show(DOCS_PATH, {
    section: 'docs',
    needs: () => ({ method: 'GET', path: OPENAPI_PATH }),
    view: async () => {
      const told = JSON.parse(await document.text()) as ApiDocument;
      return { title: 'API', body: await docsView(told, origin(), clock) };
    },
  });
}

/** Made in turns: it is some hundred thousand characters. */
async function docsView(document: ApiDocument, origin: string, clock: Clock): Promise<Markup> {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  );
  const groups = document.tags.map(({ name, description }) => {
    const named = operations.filter(({ operation }) => operation.tags.includes(name));
    return { name, description, named };
  });
  const views = new Map<Named, Markup>();
  await inTurns(operations, clock, (one) => views.set(one, operationView(one, document, origin)));
  return markup`${paragraphs(document.info.description)}
<p>For programs: <a href="${OPENAPI_PATH}">${OPENAPI_PATH}</a> (OpenAPI 3.1). Lines that begin with <code>curl</code> ask this node.</p>
<nav class="contents" aria-label="Operations">${groups.map(({ name, named }) => contents(name, named))}
<p><a href="#webhooks">What a subscriber is sent</a> · <a href="#schemas">Forms</a></p></nav>
${groups.map(
  ({ name, description, named }) => markup`<h2 id="${tagId(name)}">${name}</h2>${paragraphs(description)}
${named.map((one) => views.get(one))}`,
)}
${toldView(document)}
${formsView(document)}`;
}

/** The schemas that have names. */
function formsView({ components }: ApiDocument): Markup {
  return markup`<h2 id="schemas">Forms</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => markup`<section class="operation" id="${schemaId(name)}"><h3>${name}</h3>
${schema.description === undefined ? '' : paragraphs(schema.description)}${schema.anyOf === undefined ? '' : markup`<p>${kindOf(schema)}</p>`}${membersOf(schema)}</section>`,
)}`;
}

function contents(tag: string, named: readonly Named[]): Markup {
  const items = named.map(
    ({ method, path, operation }) =>
      markup`<li><a href="#${operation.operationId}"><code>${method.toUpperCase()} ${path}</code></a> ${prose(operation.summary)}</li>`,
  );
  return markup`<p><a href="#${tagId(tag)}">${tag}</a></p><ul>${items}</ul>`;
}

function tagId(tag: string): string {
  return `tag-${tag.toLowerCase().replaceAll(' ', '-')}`;
}

function operationView({ method, path, operation }: Named, document: ApiDocument, origin: string): Markup {
  const { operationId, summary, description } = operation;
  const name = `${method.toUpperCase()} ${path}`;
  return markup`<section class="operation" id="${operationId}">
<h3><a href="#${operationId}"><code>${name}</code></a></h3>
<p>${prose(summary)}.</p>${description === undefined ? '' : paragraphs(description)}
<p class="dim">${prose(whoMay(operation))}</p>
${parametersView(name, operation)}
${bodyView(operation)}
${snippet(`Ask it: ${name}`, curlLine(method, path, operation, origin))}
${answersView(name, operation)}
${answerExample(name, operation, document)}
</section>`;
}

/** What must be shown: the scope of a key, or nothing. */
function whoMay({ security }: ApiOperation): string {
  if (security.length === 0) return 'Anybody may ask.';
  const scope = security.flatMap(({ bearer }) => bearer ?? [])[0] ?? 'admin';
  const isOpen = security.some(({ bearer }) => bearer === undefined);
  return isOpen
    ? `For who may read: a key needs the scope \`${scope}\`; without \`MESH_READ_TOKEN\`, nothing need be shown.`
    : `A key needs the scope \`${scope}\`.`;
}

function parametersView(name: string, { parameters = [] }: ApiOperation): Markup {
  if (parameters.length === 0) return markup``;
  return table({
    caption: `Parameters of ${name}`,
    columns: ['Parameter', 'Where', 'Value', 'Meaning'],
    empty: '',
    rows: parameters.map(({ name: parameter, in: place, required, description, schema }) => [
      code(parameter),
      place === 'path' || required !== true ? place : `${place}, required`,
      kindOf(schema),
      prose(description ?? schema.description ?? ''),
    ]),
  });
}

function bodyView({ requestBody }: ApiOperation): Markup {
  if (requestBody === undefined) return markup``;
  return markup`${Object.entries(requestBody.content).map(
    ([type, { schema }]) =>
      markup`<p>Body, ${code(type)}${requestBody.required === true ? '' : ', may be left out'}: ${kindOf(schema)}</p>${membersOf(schema)}`,
  )}`;
}

function answersView(name: string, { responses }: ApiOperation): Markup {
  return table({
    caption: `Answers of ${name}`,
    columns: ['Status', 'When', 'Body'],
    empty: '',
    rows: Object.entries(responses).map(([status, answer]) => [
      code(status),
      markup`${prose(answer.description)}${headersView(answer)}`,
      contentView(answer.content),
    ]),
  });
}

function headersView({ headers = {} }: ApiAnswer): Markup {
  const named = Object.entries(headers).map(
    ([header, { description = '' }]) => markup`<div>${code(header)} ${prose(description)}</div>`,
  );
  return markup`${named}`;
}

function contentView(content: ApiContent = {}): Markup {
  const kinds = Object.entries(content).map(
    ([type, { schema }]) =>
      markup`<div>${type === JSON_TYPE ? '' : markup`${code(type)} `}${kindOf(schema)}${membersOf(schema.$ref === undefined ? schema : {})}</div>`,
  );
  return kinds.length === 0 ? markup`none` : markup`${kinds}`;
}

function answerExample(name: string, { responses }: ApiOperation, { components }: ApiDocument): Markup {
  const found = Object.entries(responses).find(
    ([status, { content }]) => status.startsWith('2') && content?.[JSON_TYPE] !== undefined,
  );
  const content = found?.[1].content?.[JSON_TYPE];
  if (found === undefined || content === undefined) return markup``;
  const example = content.example ?? exampleOf(content.schema, components.schemas);
  return snippet(`Answer ${found[0]} of ${name}`, JSON.stringify(example, null, 2));
}

/** What goes the other way: the document's `webhooks`. */
function toldView({ webhooks, components }: ApiDocument): Markup {
  const parts = Object.values(webhooks).map(({ post: { summary, requestBody } }) => {
    const schema = requestBody?.content[JSON_TYPE]?.schema ?? {};
    const example = JSON.stringify(exampleOf(schema, components.schemas), null, 2);
    return markup`<p>${prose(summary)}: ${kindOf(schema)}</p>${snippet('A body of a webhook', example)}`;
  });
  return markup`<h2 id="webhooks">What a subscriber is sent</h2>${parts}`;
}
