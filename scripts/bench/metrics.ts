// What it costs to be watched: GET /metrics of a node with as many subscriptions as it takes, beside one with none, and look-ups while somebody
// scrapes, beside the same look-ups while nobody does.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { SUBSCRIPTIONS_MAX } from '../../node/webhooks/webhooks.ts';
import { type Benchmark, type Figure, median, quantile } from './figure.ts';
import { addressOfHost, type Served, serveNode, wholeNode } from './index-server.ts';

const ADDRESSES = 10_000;
const SCRAPES_PER_ROUND = 40;
const LOOK_UPS_PER_ROUND = 1_000;
/** Oftener than anybody scrapes, so that a round meets some. */
const SCRAPED_EVERY_MS = 50;
/** What we promise. */
const SCRAPE_MS_MAX = 20;
const SCRAPE = `GET /metrics with ${SUBSCRIPTIONS_MAX} subscriptions, as many as a node takes`;
const HOST = 'mac';
const TOKEN = 'the-token-of-the-benchmark';
const LOOK_UP = `/api/agents/email-index?address=${encodeURIComponent(addressOfHost(HOST, 7))}`;

export const metricsBenchmark: Benchmark = {
  name: 'metrics',
  about:
    'What it costs to be watched: `GET /metrics` of a node with as many subscriptions as it takes, and look-ups while somebody scrapes.',
  figures: [SCRAPE, ...[0.5, 0.99].map(lookUpName)],
  async run(rounds) {
    const bare = await serveNode(await wholeNode(HOST, ADDRESSES));
    const full = await subscribed(SUBSCRIPTIONS_MAX);
    const dispatcher = new Agent({ connections: 1 });
    const [fullMs, bareMs, quietMs, scrapedMs]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = 0; round < rounds; round += 1) {
      for (let at = 0; at < SCRAPES_PER_ROUND; at += 1) {
        fullMs.push(await tookMs(`${full.origin}/metrics`, dispatcher));
        bareMs.push(await tookMs(`${bare.origin}/metrics`, dispatcher));
      }
      quietMs.push(...(await lookUps(full, dispatcher)));
      scrapedMs.push(...(await whileScraped(full, () => lookUps(full, dispatcher))));
    }
    await dispatcher.close();
    await Promise.all([bare.close(), full.close()]);
    return [scrape(median(fullMs), median(bareMs)), ...[0.5, 0.99].map((q) => lookUp(q, scrapedMs, quietMs))];
  },
};

function scrape(value: number, bare: number): Figure {
  return {
    name: SCRAPE,
    value,
    unit: 'ms',
    baseline: { name: 'with none', value: bare },
    target: `≤ ${SCRAPE_MS_MAX} ms`,
    kept: value <= SCRAPE_MS_MAX,
  };
}

function lookUpName(q: number): string {
  return `a look-up while /metrics is asked for every ${SCRAPED_EVERY_MS} ms, p${q * 100}`;
}

function lookUp(q: number, scraped: readonly number[], quiet: readonly number[]): Figure {
  return {
    name: lookUpName(q),
    value: quantile(scraped, q),
    unit: 'ms',
    baseline: { name: 'while nobody asks', value: quantile(quiet, q) },
  };
}

async function subscribed(count: number): Promise<Served> {
  const node = await wholeNode(HOST, ADDRESSES, [], TOKEN);
  for (let at = 0; at < count; at += 1) {
    const { status } = await node.fetch(
      new Request('http://localhost/api/webhooks', {
        method: 'POST',
        headers: { host: 'localhost', 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ url: `http://127.0.0.1:8/${at}`, events: ['agent.created'] }),
      }),
    );
    if (status !== 201) throw new Error(`Subscription ${at} was answered with ${status}.`);
  }
  return serveNode(node);
}

async function lookUps({ origin }: Served, dispatcher: Agent): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = 0; at < LOOK_UPS_PER_ROUND; at += 1) times.push(await tookMs(origin + LOOK_UP, dispatcher));
  return times;
}

async function whileScraped<Result>({ origin }: Served, work: () => Promise<Result>): Promise<Result> {
  const [scraper, over] = [new Agent({ connections: 1 }), new AbortController()];
  const scraping = (async () => {
    while (!over.signal.aborted) {
      await tookMs(`${origin}/metrics`, scraper);
      await sleep(SCRAPED_EVERY_MS);
    }
  })();
  const result = await work();
  over.abort();
  await scraping;
  await scraper.close();
  return result;
}

async function tookMs(url: string, dispatcher: Agent): Promise<number> {
  const sinceMs = performance.now();
  const { statusCode, body } = await request(url, { dispatcher, headers: { host: 'localhost' } });
  await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}.`);
  return performance.now() - sinceMs;
}
