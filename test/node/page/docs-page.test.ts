// The page of the API's document against the document itself: whatever programs are told, people are shown.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { ApiDocument } from '../../../node/page/api-document.ts';
import { curlLine, exampleOf } from '../../../node/page/api-example.ts';
import { sendConfig } from '../../support/mail.ts';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

async function docs() {
  const { node, ask } = await testNode({ send: sendConfig(), compat: 'maestro' });
  const document = (await ask('GET', '/openapi.json')).body as ApiDocument;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const { html, status } = await new PageVisitor(node).get('/docs');
  return { document, operations, html, status };
}

const textOf = (html: string) =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

describe('GET /docs', () => {
  it('shows each operation with its parameters, body, answers and an example', async () => {
    const { operations, html, status } = await docs();
    expect(status).toBe(200);
    const sections = new Map(
      [...html.matchAll(/<section class="operation" id="([^"]+)">(.*?)<\/section>/gs)].map(([, id = '', part = '']) => [
        id,
        textOf(part),
      ]),
    );
    for (const { path, method, operation } of operations) {
      const text = sections.get(operation.operationId) ?? '';
      expect(text, operation.operationId).toContain(`${method.toUpperCase()} ${path}`);
      const shown = [
        operation.summary.replaceAll('`', ''),
        'curl -s',
        ...(operation.parameters ?? []).map(({ name }) => name),
        ...Object.keys(operation.responses),
        ...Object.keys(operation.requestBody?.content ?? {}),
        ...Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema }) =>
          Object.keys(schema.properties ?? {}),
        ),
      ];
      expect(
        shown.filter((one) => !text.includes(one)),
        operation.operationId,
      ).toEqual([]);
    }
  });

  it('has an anchor for whatever it links to, each once', async () => {
    const { html } = await docs();
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const linked = new Set([...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id));
    expect(linked.size).toBeGreaterThan(80);
    expect([...linked].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('is for who may read the document', async () => {
    const readToken = 'read-read-read-read-read';
    const { node } = await testNode({ readToken });
    const visitor = new PageVisitor(node);
    const refused = await visitor.get('/docs');
    expect([refused.status, refused.headers.get('location')]).toEqual([303, '/page/login?next=%2Fdocs']);
    const entered = await visitor.logIn(readToken, '/docs');
    expect(entered.headers.get('location')).toBe('/docs');
    expect((await visitor.get('/docs')).html).toContain('GET /api/agents/email-index');
  });

  it('is linked from every page', async () => {
    const { node } = await testNode();
    expect((await new PageVisitor(node).get('/')).html).toContain('<a href="/docs">API</a>');
  });
});

describe('an example', () => {
  it('fits the schema that it is an example of', async () => {
    const { document, operations } = await docs();
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    ajv.addSchema(document, 'api');
    for (const { path, method, operation } of operations)
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const json = content?.['application/json'];
        if (json === undefined || !status.startsWith('2')) continue;
        const pointer = ['paths', path, method, 'responses', status, 'content', 'application/json', 'schema'];
        const fits = ajv.getSchema(
          `api#/${pointer.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/')}`,
        );
        fits?.(exampleOf(json.schema, document.components.schemas));
        expect([operation.operationId, status, fits?.errors ?? 'none']).toEqual([
          operation.operationId,
          status,
          'none',
        ]);
      }
  });

  it('for a shell has what must be shown, and a variable for what only the one who asks knows', async () => {
    const { operations } = await docs();
    const lineOf = (id: string) => {
      const found = operations.find(({ operation }) => operation.operationId === id);
      if (found === undefined) throw new Error(`There is no operation '${id}'.`);
      return curlLine(found.method, found.path, found.operation, 'http://mac:23000');
    };
    expect(lineOf('getHealth')).toBe('curl -s "http://mac:23000/health"');
    expect(lineOf('deleteAgent')).toBe(
      'curl -s -X DELETE "http://mac:23000/api/agents/$ID" -H "Authorization: Bearer $MESH_TOKEN"',
    );
    expect(lineOf('claimAddress')).toContain(`-d '{"address":"titania@x.com"}'`);
    expect(lineOf('lookUp')).toContain('email-index?address=titania%40x.com&federated=true"');
  });
});
