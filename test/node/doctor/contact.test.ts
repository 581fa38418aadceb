import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { contact } from '../../../node/doctor/contact.ts';
import { serveApp } from '../../support/loopback.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { silentServer } from '../../support/silent-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const [mac] = rosterOf('mac').hosts;
const SILENT = new MeshError('peer_silent', 'It says nothing.');
const never = () => new Promise<never>(() => undefined);

function dispatcher() {
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  return agent;
}

describe('a host that the doctor asks', () => {
  it('is silent when it has said nothing for five seconds', async () => {
    await using server = await silentServer();
    const clock = new VirtualClock();
    const host = { ...mac, url: server.url } as NonNullable<typeof mac>;
    const asking = contact(host, { clock, hello: { ask: never }, dispatcher: dispatcher() });
    expect(await server.outcomeAfter(asking, clock, 5_000)).toEqual({
      host,
      silence: { code: 'timeout', message: 'no answer within 5 s' },
    });
  });

  it.each([
    ['wants a credential from', false, 401, true],
    ['wants none from', false, 200, false],
    ['is not asked again, for it is told of', true, 401, undefined],
  ])('%s whoever comes through a proxy', async (_, forwarded, status, isGuarded) => {
    const asked: string[] = [];
    const fetch = (request: Request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      return Response.json({ forwarded }, { status: pathname === '/api/keys' ? status : 200 });
    };
    await using server = await serveApp({ fetch });
    const host = { ...mac, url: server.url } as NonNullable<typeof mac>;
    const hello = { ask: () => Promise.reject(SILENT) };
    const seen = await contact(host, { clock: new VirtualClock(), hello, dispatcher: dispatcher() });
    expect([seen.isGuarded, asked.includes('/api/keys')]).toEqual([isGuarded, isGuarded !== undefined]);
  });

  it('has the clock that it told, however long it takes to prove who it is', async () => {
    const clock = new VirtualClock();
    const date = new Date(clock.wallMs() + 300_000).toUTCString();
    await using server = await serveApp({ fetch: () => Response.json({}, { headers: { date } }) });
    const host = { ...mac, url: server.url } as NonNullable<typeof mac>;
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const ask = async () => {
      resolve();
      await clock.sleep(4_000);
      throw SILENT;
    };
    const asking = contact(host, { clock, hello: { ask }, dispatcher: dispatcher() });
    await asked;
    await clock.advance(4_000);
    expect((await asking).aheadMs).toBe(300_000);
  });

  it('has five seconds to prove who it is', async () => {
    await using server = await serveApp({ fetch: () => Response.json({}) });
    const clock = new VirtualClock();
    const host = { ...mac, url: server.url } as NonNullable<typeof mac>;
    const { promise: asked, resolve } = Promise.withResolvers<AbortSignal>();
    const hello = {
      ask: (_: unknown, signal: AbortSignal) => {
        resolve(signal);
        return new Promise<never>((__, reject) => signal.addEventListener('abort', () => reject(SILENT)));
      },
    };
    const asking = contact(host, { clock, hello, dispatcher: dispatcher() });
    const signal = await asked;
    await clock.advance(4_999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect((await asking).refusal).toBe(SILENT);
  });
});
