// What is measured in plain numbers, as Prometheus reads it.
import { describe, expect, it } from 'vitest';
import { type Figure, Times } from '../../../node/metrics/measure.ts';
import { Metrics } from '../../../node/metrics/metrics.ts';

const waits = () =>
  new Times({
    name: 'wait_seconds',
    help: 'How long it took.',
    label: 'outcome',
    outcomes: ['done', 'failed'],
    boundsSeconds: [0.1, 1],
  });

describe('times', () => {
  it('stand in all buckets that are above them, with their number and their sum', async () => {
    const times = waits();
    for (const tookMs of [50, 100, 101, 5_000]) times.note('done', tookMs);
    expect(await new Metrics([times]).text()).toBe(
      [
        '# HELP wait_seconds How long it took.',
        '# TYPE wait_seconds histogram',
        'wait_seconds_bucket{outcome="done",le="0.1"} 2',
        'wait_seconds_bucket{outcome="done",le="1"} 3',
        'wait_seconds_bucket{outcome="done",le="+Inf"} 4',
        'wait_seconds_sum{outcome="done"} 5.251',
        'wait_seconds_count{outcome="done"} 4',
        'wait_seconds_bucket{outcome="failed",le="0.1"} 0',
        'wait_seconds_bucket{outcome="failed",le="1"} 0',
        'wait_seconds_bucket{outcome="failed",le="+Inf"} 0',
        'wait_seconds_sum{outcome="failed"} 0',
        'wait_seconds_count{outcome="failed"} 0',
        '',
      ].join('\n'),
    );
  });

  it('have no outcome but those that were named', () => {
    expect(() => (waits() as Times).note('titania@x.com', 1)).toThrow("wait_seconds has no outcome 'titania@x.com'.");
  });
});

describe('a figure', () => {
  const figure = (read: Figure['read'], more: Partial<Figure> = {}): Figure => ({
    ...{ kind: 'gauge', name: 'things', help: 'Things.', read },
    ...more,
  });
  const samples = async (metrics: Metrics) => (await metrics.text()).split('\n').filter((line) => /^[a-z]/.test(line));

  it('is read each time that somebody asks', async () => {
    let things = 1;
    const metrics = new Metrics([figure(() => things)]);
    expect(await samples(metrics)).toEqual(['things 1']);
    things = 3;
    expect(await samples(metrics)).toEqual(['things 3']);
  });

  it('tells of those values of its label alone that there are now', async () => {
    let there = ['cloud', 'mini'];
    const metrics = new Metrics([figure(() => there.map((host) => [host, 1] as const), { label: 'host' })]);
    expect(await samples(metrics)).toEqual(['things{host="cloud"} 1', 'things{host="mini"} 1']);
    there = ['mini'];
    expect(await samples(metrics)).toEqual(['things{host="mini"} 1']);
  });

  it('may take its time, and may be a counter', async () => {
    const counter = figure(async () => 7, { kind: 'counter', name: 'things_total' });
    expect(await new Metrics([counter]).text()).toBe(
      '# HELP things_total Things.\n# TYPE things_total counter\nthings_total 7\n',
    );
  });

  it('fails the whole answer with its cause when it can not be read', async () => {
    const metrics = new Metrics([figure(() => Promise.reject(new Error('the disk is gone')))]);
    await expect(metrics.text()).rejects.toThrow('the disk is gone');
  });
});

describe('the metrics of two nodes in one process', () => {
  it('are two', async () => {
    const [one, other] = [waits(), waits()];
    const [ofOne, ofOther] = [new Metrics([one]), new Metrics([other])];
    one.note('done', 1);
    expect(await ofOne.text()).toContain('wait_seconds_count{outcome="done"} 1');
    expect(await ofOther.text()).toContain('wait_seconds_count{outcome="done"} 0');
  });
});
