// The OpenAPI document of this node: of every path that it serves, from the schemas that its routes check requests by. A path that is served
// and not described stands in it without an operation, so that whoever reads the document sees that something is missing.
import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import { scopeOf } from '../gate/route-scopes.ts';
import { isOpenRead } from '../gate/tokens.ts';
import { isHealthCheck } from '../gate/visitor.ts';
import type { Method } from '../methods.ts';
import { PATH_GROUPS } from './described-paths.ts';
import { toldChange } from './email-index.ts';
import { errorForm, errorResponses } from './errors.ts';
import type { Answer, Operation, PathGroup } from './operation.ts';
import { isOtherRoute, OTHER_ROUTES } from './other-routes.ts';

type Document = ReturnType<typeof createDocument>;

/** What stands in a path, by its name there. */
const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  address: 'An email address, percent-encoded once: `a%40x.com`.',
  deliveryId: 'The `webhook-id` of the delivery, or its `seq`.',
  id: 'The `id` that the answer to its making had.',
  name: 'The name of an agent, in any case.',
};

const ABOUT = `One node of a mesh of hosts, which keeps one owner for each email address.

Every error is \`{"error","message","field"?, …}\`; a code has one status. Beside what stands at each operation, any may be answered with 405 \`method_not_allowed\` (with \`Allow\`), 408 \`request_timeout\`, 417 \`expectation_failed\`, 431 \`headers_too_large\`, 500 \`internal_error\` (a fault of the node: its log says more) and 503 \`stopping\`; every GET is also a HEAD.

Not part of this document: ${OTHER_ROUTES.map(({ path, why }) => `\`${path}\` (${why})`).join('; ')}.`;

const TOLD = 'What a subscriber is sent, signed by Standard Webhooks';
const TAKEN = { '2XX': { description: 'It is accepted. Anything else is tried again, for 72 hours.' } };

export interface DocumentQuestion {
  readonly version: string;
  /** Paths that are served, as their routes have them. */
  readonly paths: readonly string[];
}

/** The document (OpenAPI 3.1.1) of the paths that this node serves; a path without a description stands there empty. */
export function openApiDocument({ version, paths }: DocumentQuestion): Document {
  const described = new Map(PATH_GROUPS.flatMap((group) => pathsOf(group)));
  const items = paths
    .filter((path) => !isOtherRoute(path))
    .map((path) => [templateOf(path), described.get(path) ?? {}] as const);
  return createDocument({
    openapi: '3.1.1',
    info: { title: 'Agent email mesh', version, description: ABOUT },
    tags: PATH_GROUPS.filter((group) => paths.some((path) => path in group.paths)).map(({ tag, about }) => ({
      name: tag,
      description: about,
    })),
    paths: Object.fromEntries(items),
    webhooks: { change: { post: { summary: TOLD, requestBody: { content: toldChange }, responses: TAKEN } } },
    components: {
      schemas: { Error: errorForm },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of the settings (`MESH_TOKEN`, `MESH_READ_TOKEN`), or a key: `amk_` and 43 characters. The scope that a key needs stands at each operation; `admin` opens everything.',
        },
      },
    },
  });
}

function pathsOf({ tag, paths }: PathGroup) {
  return Object.entries(paths).map(([path, methods]) => {
    const operations = Object.entries(methods).map(([method, operation]) => [
      method.toLowerCase(),
      operationOf(tag, path, method as Method, operation),
    ]);
    return [path, Object.fromEntries(operations)] as const;
  });
}

function operationOf(tag: string, path: string, method: Method, operation: Operation) {
  const { id, summary, more, query, headers, body, answers } = operation;
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const named = names.map((name) => [name, z.string().min(1).meta({ description: PATH_PARAMETERS[name] })]);
  const isOpenToAll = isHealthCheck(path);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(more === undefined ? {} : { description: more }),
    security: securityOf(method, path),
    requestParams: {
      ...(names.length === 0 ? {} : { path: z.object(Object.fromEntries(named)) }),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { header: headers }),
    },
    ...(body === undefined ? {} : { requestBody: { required: body.mayBeLeftOut !== true, content: body.content } }),
    responses: { ...successes(answers), ...errorResponses(path, method, operation, isOpenToAll) },
  };
}

function successes(answers: Readonly<Record<number, Answer>>) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { when, content, headers }]) => [
      status,
      {
        description: when,
        ...(content === undefined ? {} : { content }),
        ...(headers === undefined ? {} : { headers }),
      },
    ]),
  );
}

/** What must be shown, as the gate judges: nothing need be shown for a health check, nor, where reading is open, for what anybody may read. */
function securityOf(method: Method, path: string) {
  if (isHealthCheck(path)) return [];
  const key = { bearer: [scopeOf(method, path)] };
  return isOpenRead(method, path) ? [{}, key] : [key];
}

/** The path as OpenAPI writes it: `/api/agents/{id}`. */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}
