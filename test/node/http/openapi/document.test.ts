// The document against the node: every route that is served stands in it with its methods, and nothing that is not served.
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { PATH_GROUPS } from '../../../../node/http/openapi/described-paths.ts';
import { isOtherRoute, OTHER_ROUTES } from '../../../../node/http/openapi/other-routes.ts';
import { sendConfig } from '../../../support/mail.ts';
import { testNode } from '../../../support/test-node.ts';

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
}

interface Document extends Record<string, unknown> {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** A node that serves all that there is, and what it tells of itself. */
async function documentedNode() {
  const { node, ask } = await testNode({
    send: sendConfig(),
    copied: { directory: '/nowhere', store: {} as never },
    compat: 'maestro',
    forward: new URL('http://127.0.0.1:23100'),
  });
  return { node, ask, document: (await ask('GET', '/openapi.json')).body as Document };
}

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1, of this version of the program', async () => {
    const { document } = await documentedNode();
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect([valid, errors]).toEqual([true, undefined]);
    expect(document).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
  });

  it('has every route that the node serves, and describes every method that the route has', async () => {
    const { ask, document } = await documentedNode();
    for (const [path, item] of Object.entries(document.paths)) {
      const { status, headers } = await ask('PUT', path.replaceAll(/\{\w+\}/g, 'x'));
      const allowed = (headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
      const described = Object.keys(item).map((method) => method.toUpperCase());
      expect([path, status, described.sort()]).toEqual([path, 405, allowed.sort()]);
    }
  });

  it('describes nothing that no node serves', async () => {
    const { document } = await documentedNode();
    const described = PATH_GROUPS.flatMap(({ paths }) => Object.keys(paths)).map((path) =>
      path.replaceAll(/:(\w+)/g, '{$1}'),
    );
    expect(described.sort()).toEqual(Object.keys(document.paths).sort());
  });

  it('has every path that is reached at all, or says that it leaves it out, and why', async () => {
    const { node, document } = await documentedNode();
    const isTold = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}') in document.paths;
    expect(node.paths.filter((path) => !isTold(path) && !isOtherRoute(path))).toEqual([]);
    expect(OTHER_ROUTES.filter(({ path }) => !node.paths.some((one) => one.startsWith(path)))).toEqual([]);
    const { description } = document.info as { description: string };
    expect(OTHER_ROUTES.filter(({ path, why }) => !description.includes(`\`${path}\` (${why})`))).toEqual([]);
  });

  it('leaves out what only a node beside the original answers, on any other', async () => {
    const { ask } = await testNode();
    const { paths, tags } = (await ask('GET', '/openapi.json')).body as Document & { tags: { name: string }[] };
    expect(Object.keys(paths)).not.toContain('/api/diagnostics');
    expect(tags.map(({ name }) => name)).not.toContain('Beside the original');
  });

  it('names each operation once', async () => {
    const { document } = await documentedNode();
    const names = Object.values(document.paths).flatMap((item) => Object.values(item).map((one) => one.operationId));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('says what a client must show: nothing, a key if it likes, or a key of a scope', async () => {
    const { document } = await documentedNode();
    const securityOf = (path: string, method: string) => document.paths[path]?.[method]?.security;
    expect(securityOf('/health', 'get')).toEqual([]);
    expect(securityOf('/api/agents/{id}', 'get')).toEqual([{}, { bearer: ['read'] }]);
    expect(securityOf('/api/agents/{id}', 'delete')).toEqual([{ bearer: ['agents:write'] }]);
    expect(securityOf('/api/webhooks', 'get')).toEqual([{ bearer: ['webhooks'] }]);
    expect(securityOf('/api/keys', 'post')).toEqual([{ bearer: ['admin'] }]);
  });

  it('leaves out what hosts ask each other', async () => {
    const { document } = await documentedNode();
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/api/mesh/'))).toEqual([]);
  });
});
