import { describe, expect, it } from 'vitest';
import { FEED_PATH, FEED_VERSION, SNAPSHOT_PATH } from '../../../../mesh/feed/messages.ts';
import { PEER_BODY_BYTES_MAX } from '../../../../mesh/limits.ts';
import { peerAuth } from '../../../../node/http/peers/peer-auth.ts';
import { addPeerRoutes } from '../../../../node/http/peers/peer-routes.ts';
import { feedRoutes } from '../../../../node/http/routes/feed.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { signedTestRequest, trustingHosts } from '../../../support/trusting-hosts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { mac, cloud, lab } = trustingHosts('mac', 'cloud', 'lab');
const { stranger } = testKeys('stranger');
const news = { version: FEED_VERSION, after: 0, waitMs: 25_000 };
const relayed = { version: FEED_VERSION, scope: 'mesh', places: [], runs: true, ages: false, waitMs: 5_000 };

function feed() {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const signals: AbortSignal[] = [];
  const held = <Answer>(signal: AbortSignal, answer: Answer) => {
    signals.push(signal);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const end = () => resolve(answer);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    return promise;
  };
  const app = createShell(new RecordingLog());
  app.use('*', peerAuth(cloud.auth(clock)));
  const routes = feedRoutes({
    stopping: stop.signal,
    server: {
      answer: (_, signal) => held(signal, { kind: 'gone', logId: 'c'.repeat(32) }),
      snapshot: () => ({ kind: 'gone' }),
    },
    relay: { answer: (_, signal) => held(signal, { kind: 'gone' }) },
  });
  addPeerRoutes(app, routes);
  const ask = async (path: string, body: unknown, from = mac) =>
    app.request(from.request(cloud.id, { method: 'POST', path, body }, clock));
  return { app, clock, stop, signals, ask };
}

describe.each([
  [FEED_PATH, { ...news, waitMs: 0 }],
  [FEED_PATH, { ...relayed, waitMs: 0, after: { logId: 'c'.repeat(32), seq: 1 } }],
  [SNAPSHOT_PATH, { version: FEED_VERSION, from: 0 }],
])('POST %s', (path, body) => {
  it('is refused without a signature, and to whom hosts.json does not list', async () => {
    const { app, clock, signals } = feed();
    const plain = await app.request(`http://cloud.test${path}`, { method: 'POST', body: JSON.stringify(body) });
    const strange = await app.request(signedTestRequest(stranger, cloud.id, { method: 'POST', path, body }, clock));
    expect([plain.status, strange.status, signals]).toEqual([401, 403, []]);
  });

  it.each([
    ['another version', { ...body, version: 2 }, 400, 'unsupported_version'],
    ['no version', { ...body, version: undefined }, 400, 'unsupported_version'],
    ['a place before the first', { ...body, after: -1, from: -1 }, 400, 'invalid_request'],
    ['a list', [body], 400, 'unsupported_version'],
    ['more than a message may have', { ...body, filling: 'x'.repeat(PEER_BODY_BYTES_MAX) }, 413, undefined],
  ])('is refused with %s', async (_, said, status, error) => {
    const { ask, signals } = feed();
    const answer = await ask(path, said);
    expect([answer.status, signals]).toEqual([status, []]);
    expect(await answer.json()).toMatchObject(error === undefined ? {} : { error });
  });

  it('is of no other method', async () => {
    const { app, clock } = feed();
    const answer = await app.request(mac.request(cloud.id, { method: 'GET', path }, clock));
    expect(answer.status).toBe(405);
  });
});

describe('a question for news that waits', () => {
  it('is answered, signed, when the host stops', async () => {
    const { ask, stop, clock, signals } = feed();
    const answer = ask(FEED_PATH, news);
    await clock.settle();
    expect(signals[0]?.aborted).toBe(false);
    stop.abort();
    expect(await (await answer).json()).toEqual({ kind: 'gone', logId: 'c'.repeat(32) });
    expect((await answer).headers.get('signature')).not.toBeNull();
  });

  it('waits no more once the same host asks again, so that one host has one question waiting', async () => {
    const { ask, stop, clock, signals } = feed();
    const answers = [ask(FEED_PATH, news), ask(FEED_PATH, news, lab)];
    await clock.settle();
    answers.push(ask(FEED_PATH, news));
    await clock.settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false]);
    await answers[0];
    answers.push(ask(FEED_PATH, news));
    await clock.settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, true, false]);
    stop.abort();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('about all hosts waits beside one about this host alone', async () => {
    const { ask, stop, clock, signals } = feed();
    const answers = [ask(FEED_PATH, news), ask(FEED_PATH, relayed)];
    await clock.settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    answers.push(ask(FEED_PATH, relayed));
    await clock.settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false]);
    stop.abort();
    const said = await Promise.all((await Promise.all(answers)).map((answer) => answer.json()));
    expect(said).toEqual([{ kind: 'gone', logId: 'c'.repeat(32) }, { kind: 'gone' }, { kind: 'gone' }]);
  });
});
