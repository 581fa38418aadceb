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
