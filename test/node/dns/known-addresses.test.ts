import { describe, expect, it } from 'vitest';
import { KnownAddresses } from '../../../node/dns/known-addresses.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const OLD = [{ address: '192.0.2.1', family: 4 }];
const NEW = [{ address: '192.0.2.2', family: 4 }];
const MINUTE_MS = 60_000;

/** A name that DNS knows as the test says: addresses, an error's code, or silence. */
class World {
  readonly clock = new VirtualClock();
  said: typeof OLD | 'ENOTFOUND' | 'EAI_AGAIN' | 'silence' = OLD;
  asked = 0;
  readonly known = new KnownAddresses(async () => {
    this.asked += 1;
    if (this.said === 'silence') return new Promise(() => undefined);
    if (typeof this.said === 'string') throw Object.assign(new Error(this.said), { code: this.said });
    return this.said;
  }, this.clock);

  find() {
    return this.known.addressesOf('cloud.example');
  }
}

describe('the address of a peer', () => {
  it('is asked for once in half a minute', async () => {
    const world = new World();
    expect(await world.find()).toBe(OLD);
    await world.clock.advance(MINUTE_MS / 2);
    expect(await world.find()).toBe(OLD);
    expect(world.asked).toBe(1);
  });

  it('is used at once after that, and asked for behind its user', async () => {
    const world = new World();
    await world.find();
    await world.clock.advance(MINUTE_MS);
    world.said = NEW;
    expect(await world.find()).toBe(OLD);
    await world.clock.settle();
    expect(await world.find()).toBe(NEW);
    expect(world.asked).toBe(2);
  });

  it('is asked for first when nobody used it for ten minutes', async () => {
    const world = new World();
    await world.find();
    await world.clock.advance(11 * MINUTE_MS);
    world.said = NEW;
    expect(await world.find()).toBe(NEW);
  });

  it('is asked for anew when it was forgotten', async () => {
    const world = new World();
    await world.find();
    world.known.forget('cloud.example');
    world.known.forget('never.example');
    world.said = NEW;
    expect(await world.find()).toBe(NEW);
    expect(await world.find()).toBe(NEW);
    expect(world.asked).toBe(2);
  });

  it.each(['silence', 'EAI_AGAIN'] as const)(
    'stays what it was while DNS says nothing (%s), after half a second',
    async (said) => {
      const world = new World();
      await world.find();
      world.known.forget('cloud.example');
      world.said = said;
      const found = world.find();
      await world.clock.advance(500);
      expect(await found).toBe(OLD);
      expect(world.clock.sleepers).toBe(0);
    },
  );

  it('is none any more when DNS says that the name is gone', async () => {
    const world = new World();
    await world.find();
    world.known.forget('cloud.example');
    world.said = 'ENOTFOUND';
    await expect(world.find()).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('is waited for as long as it takes when there never was one', async () => {
    const world = new World();
    world.said = 'EAI_AGAIN';
    await expect(world.find()).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    world.said = OLD;
    const looked = new Promise((resolve) => world.known.lookup('cloud.example', {}, (_, address) => resolve(address)));
    expect(await looked).toBe('192.0.2.1');
  });
});
