// That the sender goes nowhere but where the guard lets it.
import { describe, expect, it } from 'vitest';
import { parseAllowList } from '../../../../node/webhooks/guard/allow-list.ts';
import { createGuard } from '../../../../node/webhooks/guard/guard.ts';
import { createSender } from '../../../../node/webhooks/sender/http-sender.ts';
import { NEVER, OK, openSender } from '../../../support/opened-sender.ts';
import { startRawReceiver } from '../../../support/raw-receiver.ts';
import { resolveBySystem } from '../../../support/system-names.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

describe('the guard', () => {
  it('keeps the sender from a literal address that is not open: no connection is made', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = openSender({ loopbackAllowed: false });
    expect(await world.post(receiver.url)).toMatchObject({ kind: 'failed', error: 'url_refused' });
    expect(receiver.connections()).toBe(0);
  });

  it('keeps the sender from a name of which one address is not open', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    await using world = openSender({
      resolve: async () => [
        { address: '127.0.0.1', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ],
    });
    const url = `http://gateway.example:${receiver.port}/`;
    expect(await world.post(url)).toMatchObject({
      kind: 'failed',
      error: 'url_refused',
      message: expect.stringContaining('10.0.0.1'),
    });
    expect(receiver.connections()).toBe(0);
  });

  it('lets the sender use the addresses it judged, without a second resolution', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    let asked = 0;
    await using world = openSender({
      resolve: async () => {
        asked += 1;
        return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
      },
    });
    expect(await world.post(`http://gateway.example:${receiver.port}/`)).toMatchObject({ status: 200 });
    expect(asked).toBe(1);
  });

  it('keeps the sender from a name that was public when it was subscribed, and is not any more', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    const answers = ['93.184.216.34', '127.0.0.1'];
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [{ address: answers.shift() ?? '', family: 4 }];
    };
    const clock = new VirtualClock();
    const guard = createGuard({ clock, resolve, allow: [], loopbackAllowed: false, listening: () => [] });
    const url = `http://gateway.example:${receiver.port}/`;
    await guard.vet(url);
    const sender = createSender({ guard, clock });
    const outcome = await sender.post({ url, headers: {}, body: new Uint8Array() }, NEVER);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: 'url_refused',
      message: expect.stringContaining('127.0.0.1'),
    });
    expect([asked.length, receiver.connections()]).toEqual([2, 0]);
    await sender.close();
  });

  it('judges who answered once more after connecting', async () => {
    await using receiver = await startRawReceiver((socket) => socket.write(OK));
    const clock = new VirtualClock();
    const guard = createGuard({
      clock,
      resolve: resolveBySystem,
      allow: parseAllowList('127.0.0.1'),
      loopbackAllowed: false,
      listening: () => [],
    });
    const blind = { ...guard, admit: (url: string) => new URL(url), judge: () => 'is not open.' };
    const sender = createSender({ guard: blind, clock });
    const outcome = await sender.post({ url: receiver.url, headers: {}, body: new Uint8Array() }, NEVER);
    expect(outcome).toMatchObject({ kind: 'failed', error: 'url_refused' });
    expect(receiver.heard()).toBe('');
    await sender.close();
  });

  it('lets a name that does not resolve fail as just that', async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    await using world = openSender({ resolve: () => Promise.reject(missing) });
    expect(await world.post('http://gateway.example/')).toMatchObject({ kind: 'failed', error: 'name_unresolved' });
  });
});
