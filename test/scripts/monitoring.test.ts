// The dashboard and the alerts, held against what a node really tells: each query names metrics that there are, with labels that they have.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processMeasures } from '../../node/metrics/process-metrics.ts';
import { syncTimes } from '../../node/metrics/times.ts';
import { says } from '../support/scripted-peers.ts';
import { testDirectory } from '../support/test-blobs.ts';
import { testNode } from '../support/test-node.ts';

const FOLDER = join(import.meta.dirname, '../../scripts/monitoring');
const readFile = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
const NO_PROMTOOL = "promtool is not here: apt-get install prometheus brings Debian's.";
/** What Prometheus itself adds to each sample, and its own metric. */
const PROMETHEUS_LABELS = ['instance', 'job', 'le'];
const PROMETHEUS_METRICS = ['up'];

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const { panels } = JSON.parse(readFile('dashboard.json')) as { readonly panels: readonly Panel[] };
const rules = readFile('alerts.yml')
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((text) => ({
    name: text.slice(0, text.indexOf('\n')),
    expr: /^ +expr: (.*)$/m.exec(text)?.[1] ?? '',
    summary: /^ +summary: ['"](.*)['"]$/m.exec(text)?.[1] ?? '',
    mend: /^ +mend: ['"](.*)['"]$/m.exec(text)?.[1] ?? '',
  }));
const queries = [
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ name, expr }) => [name, expr] as const),
];

type Labels = ReadonlyMap<string, Set<string>>;

/** The labels of each metric that a node tells of. */
async function labelsOfNode(): Promise<Labels> {
  const machine = processMeasures(testDirectory(), [syncTimes()]);
  const { node, clock } = await testNode({
    peers: { cloud: says({}) },
    machine,
    mailbox: { directory: testDirectory() },
  });
  node.start();
  await clock.settle();
  const answer = await node.fetch(new Request('http://localhost/metrics', { headers: { host: 'localhost' } }));
  const text = await answer.text();
  const labels = new Map([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => [name, new Set<string>()]));
  for (const [, sample = '', inner = ''] of text.matchAll(/^([a-z_0-9]+)(?:\{([^}]*)\})? /gm))
    for (const label of labelsIn(inner)) labels.get(metricOf(labels, sample))?.add(label);
  // A feed that was never confirmed has no lag, and a peer that was never greeted no round trip.
  for (const name of ['mesh_feed_lag_seconds', 'mesh_peer_rtt_seconds']) labels.get(name)?.add('host');
  return labels;
}

function metricOf(labels: Labels, sample: string): string {
  return labels.has(sample) ? sample : sample.replace(/_(?:bucket|sum|count)$/, '');
}

function labelsIn(braces: string): readonly string[] {
  return [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label);
}

/** What the query names and no node tells of. */
function strangersIn(expr: string, labels: Labels): readonly string[] {
  const named = [...expr.matchAll(/\b((?:mesh|nodejs|process)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?/g)];
  if (named.length === 0) return ['nothing at all'];
  return named
    .filter(([, name = '']) => !PROMETHEUS_METRICS.includes(name))
    .flatMap(([, name = '', inner = '']) => {
      const metric = metricOf(labels, name);
      const known = [...PROMETHEUS_LABELS, ...(labels.get(metric) ?? [])];
      return [...(labels.has(metric) ? [] : [name]), ...labelsIn(inner).filter((label) => !known.includes(label))];
    });
}

describe('a query', () => {
  it('names what there is', async () => {
    const labels = await labelsOfNode();
    for (const [where, expr] of queries) expect([where, expr, strangersIn(expr, labels)]).toEqual([where, expr, []]);
  });

  it.each([
    ['mesh_peers', ['mesh_peers']],
    ['rate(mesh_lookup_seconds_count{modus="host"}[5m])', ['modus']],
    ['1', ['nothing at all']],
  ])('is seen to name what there is not: %s', async (expr, strangers) => {
    expect(strangersIn(expr, await labelsOfNode())).toEqual(strangers);
  });
});

describe('the dashboard and the alerts', () => {
  it('look at every metric of the mesh', async () => {
    const asked = queries.map(([, expr]) => expr).join('\n');
    const all = [...(await labelsOfNode()).keys()].filter((name) => name.startsWith('mesh_'));
    expect(all.filter((name) => !asked.includes(name))).toEqual([]);
  });
});

describe('an alert', () => {
  it.each(rules.map((rule) => [rule.name, rule] as const))('%s says what is wrong and how it is mended', (_, rule) => {
    expect(rule.summary).toMatch(/^[A-Z{0-9].{20,}\.$/);
    expect(rule.mend).toMatch(/^.{20,}\.$/);
  });

  it('is one of those that promtool takes', ({ skip }) => {
    if (!HAS_PROMTOOL) skip(NO_PROMTOOL);
    const said = execFileSync('promtool', ['check', 'rules', join(FOLDER, 'alerts.yml')], { encoding: 'utf8' });
    expect(said).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  it('comes when it should, and not before', ({ skip }) => {
    if (!HAS_PROMTOOL) skip(NO_PROMTOOL);
    const { status, stdout } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
      cwd: FOLDER,
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
