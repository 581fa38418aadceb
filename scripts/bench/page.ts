// How long a browser waits for the first octet of a page, on a node of 100,000 addresses and 100 hosts, beside a bare route that answers as
// many octets.
import { Hono } from 'hono';
import { Agent, request } from 'undici';
import { type Benchmark, type Figure, median } from './figure.ts';
import { serveFetch, serveNode, wholeNode } from './index-server.ts';

const ADDRESSES = 100_000;
const HOSTS = 100;
const REQUESTS_PER_ROUND = 40;
/** What we promise. */
const FIRST_OCTET_MS_MAX = 50;
const PAGES: readonly (readonly [name: string, path: string])[] = [
  ['the mesh', '/'],
  ['all addresses', '/page/addresses'],
  ['a search', '/page/addresses?q=agent77'],
  ['one address', '/page/address?address=agent7%40mac.23smartagents.com'],
];

export const pageBenchmark: Benchmark = {
  name: 'page',
  about:
    'How long a browser waits for the first octet of a page, on a node of 100,000 addresses among 100 hosts, beside a bare route that answers as many octets.',
  figures: PAGES.map(([name]) => `first octet of ${name}`),
  async run(rounds) {
    const others = Array.from({ length: HOSTS - 1 }, (_, at) => `host-${at}`);
    const real = await serveNode(await wholeNode('mac', ADDRESSES, others));
    const dispatcher = new Agent({ connections: 1 });
    const headers = { host: 'localhost' };
    const figures: Figure[] = [];
    for (const [name, path] of PAGES) {
      const html = await (await request(real.origin + path, { dispatcher, headers })).body.text();
      const app = new Hono().all('*', (c) => c.body(html, 200, { 'Content-Type': 'text/html; charset=utf-8' }));
      const bare = await serveFetch(app.fetch);
      const [tookMs, bareMs]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round += 1)
        for (let at = 0; at < REQUESTS_PER_ROUND; at += 1) {
          tookMs.push(await firstOctetMs(real.origin + path, dispatcher));
          bareMs.push(await firstOctetMs(bare.origin + path, dispatcher));
        }
      await bare.close();
      figures.push(figureOf(name, median(tookMs), median(bareMs)));
    }
    await dispatcher.close();
    await real.close();
    return figures;
  },
};

function figureOf(name: string, value: number, bare: number): Figure {
  return {
    name: `first octet of ${name}`,
    value,
    unit: 'ms',
    baseline: { name: 'bare route, as many octets', value: bare },
    target: `≤ ${FIRST_OCTET_MS_MAX} ms`,
    kept: value <= FIRST_OCTET_MS_MAX,
  };
}

/** Until the head of the answer is here; the rest is read before the next one. */
async function firstOctetMs(url: string, dispatcher: Agent): Promise<number> {
  const sinceMs = performance.now();
  const { statusCode, body } = await request(url, { dispatcher, headers: { host: 'localhost' } });
  const tookMs = performance.now() - sinceMs;
  await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}.`);
  return tookMs;
}
