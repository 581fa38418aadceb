// The curl lines of the papers against the document of the API: each asks an operation that is there, with parameters and a body that it takes;
// and what the first page shows is answered as the document says.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { ApiDocument, ApiOperation } from '../../../../node/page/api-document.ts';
import { testNode } from '../../../support/test-node.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const PAPERS = ['README.md', ...globSync('{mesh,node,scripts,test}/**/README.md', { cwd: ROOT })];

interface Sample {
  readonly paper: string;
  readonly method: 'get' | 'post';
  readonly url: URL;
  readonly body: unknown;
}

/** What AgentMail's client is the document of (test/live/mailbox-shapes.test.ts). */
const OF_THE_MAILBOX = /^\/(?:v0|api\/mailbox)\//;

/** `curl … URL … [-d BODY]`, over the lines that a backslash joins; one whose URL is put together by the shell is left out. */
function samplesOf(paper: string): readonly Sample[] {
  const text = readFileSync(join(ROOT, paper), 'utf8').replaceAll(/\\\n\s*/g, '');
  return [...text.matchAll(/^curl .*$/gm)].map(([line]) => {
    const url = new URL(/'?(http:\/\/[^' ]+)/.exec(line)?.[1] ?? '');
    const body = / -d '([^']+)'/.exec(line)?.[1];
    return { paper, url, method: body === undefined ? 'get' : 'post', body: JSON.parse(body ?? 'null') };
  });
}

function operationOf(
  { paths }: ApiDocument,
  { method, url }: Sample,
): readonly [path: string, operation: ApiOperation | undefined] {
  const fits = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url.pathname);
  const path = url.pathname in paths ? url.pathname : (Object.keys(paths).find(fits) ?? '');
  return [path, paths[path]?.[method]] as const;
}

async function documented() {
  const node = await testNode();
  const document = (await node.ask('GET', '/openapi.json')).body as ApiDocument;
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'api');
  /** Why the value is none of that schema of the document. */
  const whyNot = (place: readonly string[], value: unknown) => {
    const pointer = place.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
    const fits = ajv.getSchema(`api#/${pointer}`);
    return fits === undefined ? 'there is no such schema' : fits(value) ? undefined : ajv.errorsText(fits.errors);
  };
  return { ...node, document, whyNot };
}

describe('a curl line of a paper', () => {
  it('asks an operation of the document, with what it takes', async () => {
    const { document, whyNot } = await documented();
    const samples = PAPERS.flatMap(samplesOf).filter(({ url }) => !OF_THE_MAILBOX.test(url.pathname));
    expect(samples.length).toBeGreaterThanOrEqual(6);
    for (const sample of samples) {
      const { paper, method, url, body } = sample;
      const [path, operation] = operationOf(document, sample);
      const about = `${paper}: ${method} ${url.pathname}`;
      expect(operation, about).toBeDefined();
      for (const [name, value] of url.searchParams) {
        const at = operation?.parameters?.findIndex((one) => one.in === 'query' && one.name === name) ?? -1;
        expect([about, name, whyNot(['paths', path, method, 'parameters', String(at), 'schema'], value)]).toEqual([
          about,
          name,
          undefined,
        ]);
      }
      if (body === null) continue;
      const place = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'];
      expect([about, whyNot(place, body)]).toEqual([about, undefined]);
    }
  });

  it('is answered as the document says, where the first page shows it', async () => {
    const { ask, document, whyNot } = await documented();
    for (const sample of samplesOf('README.md')) {
      const { method, url, body } = sample;
      const answer = await ask(method.toUpperCase(), url.pathname + url.search, body ?? undefined);
      const [path] = operationOf(document, sample);
      const place = [
        'paths',
        path,
        method,
        'responses',
        String(answer.status),
        'content',
        'application/json',
        'schema',
      ];
      expect([url.href, answer.status < 300, whyNot(place, answer.body)]).toEqual([url.href, true, undefined]);
      expect(JSON.stringify(answer.body)).toContain(url.pathname.endsWith('webhooks') ? 'whsec_' : 'titania@x.com');
    }
  });
});
