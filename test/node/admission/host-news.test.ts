// Three hosts that change their list together: each has its hosts.json, and they hear each other as the test lets them.
import { describe, expect, it } from 'vitest';
import { HOSTS_VERSION, type HostsMessage } from '../../../mesh/admission/host-changes.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { PeerTransport } from '../../../mesh/ports.ts';
import { type HostEntry, HostList } from '../../../node/admission/host-list.ts';
import { HostNews, NEWS_RETRY_MS } from '../../../node/admission/host-news.ts';
import { RosterWatch } from '../../../node/peers/roster-watch.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SECRET = 'a-secret-of-sixteen';
const IDS = ['mac', 'cloud', 'mini'] as const;
const entry = (id: string, more: object = {}): HostEntry => ({ id: id as HostId, url: `http://${id}.test`, ...more });
const idOf = (id: string) => id as HostId;

class World {
  readonly clock = new VirtualClock();
  readonly down = new Set<string>();
  /** Hosts whose hosts.json can't be written. */
  readonly readOnly = new Set<string>();
  readonly hosts = new Map<string, Awaited<ReturnType<World['open']>>>();
  sent = 0;
  /** What the disk of a host had when its hosts.json was written last. */
  readonly written = new Map<string, ReturnType<MemoryStore['snapshot']>>();

  static async of(ids: readonly string[] = IDS, secrets: Readonly<Record<string, string>> = {}): Promise<World> {
    const world = new World();
    for (const id of ids) world.hosts.set(id, await world.open(id, ids, secrets[id] ?? SECRET));
    await world.clock.settle();
    return world;
  }

  async open(id: string, ids: readonly string[], secret = SECRET, store = new MemoryStore()) {
    let text = JSON.stringify({ hosts: ids.map((one) => entry(one)) });
    const log = new RecordingLog();
    const roster = new RosterWatch(text, { id, hostName: id }, log);
    const editHosts = async (change: (text: string) => string) => {
      if (this.readOnly.has(id)) throw new MeshError('store_failed', "The hosts file can't be written.");
      text = change(text);
      this.written.set(id, store.snapshot());
      roster.edited(text);
    };
    const list = await HostList.open({ secret, roster: roster.current, editHosts, store, log });
    await list.resume();
    const { clock } = this;
    const listeners = () => roster.current().peers.map((peer) => peer.id);
    const news = new HostNews({ list, listeners, transport: this.#transport(id), clock });
    roster.subscribe(() => news.found());
    const stop = new AbortController();
    void news.run(stop.signal);
    return { list, news, roster, store, editHosts, log, stop };
  }

  at(id: string) {
    const host = this.hosts.get(id);
    if (host === undefined) throw new Error(`There is no ${id}.`);
    return host;
  }

  listed(id: string): readonly string[] {
    return this.at(id)
      .roster.current()
      .hosts.map((host) => host.id);
  }

  #transport(from: string): PeerTransport {
    return {
      ask: async ({ to, body }) => {
        this.sent += 1;
        const host = this.hosts.get(to);
        if (host === undefined || this.down.has(to) || this.down.has(from))
          throw new MeshError('peer_silent', 'It is down.');
        const digest = await host.news.receive(idOf(from), structuredClone(body) as HostsMessage);
        return { status: 200, body: { version: HOSTS_VERSION, digest } };
      },
    };
  }
}

describe('a change of the list of hosts', () => {
  it('is in every hosts.json, and nothing is sent afterwards', async () => {
    const world = await World.of();
    await world.at('mac').list.add(entry('desk'));
    await world.clock.advance(100);
    for (const id of IDS) expect(world.listed(id)).toEqual([...IDS, 'desk']);
    await world.at('cloud').list.remove(idOf('desk'));
    await world.clock.advance(100);
    for (const id of IDS) expect(world.listed(id)).toEqual([...IDS]);
    const { sent } = world;
    await world.clock.advance(10 * NEWS_RETRY_MS);
    expect(world.sent).toBe(sent);
  });

  it('is heard by a host that was down, from whoever it hears first', async () => {
    const world = await World.of();
    world.down.add('mini');
    await world.at('mac').list.add(entry('desk'));
    await world.clock.advance(100);
    expect(world.listed('mini')).toEqual([...IDS]);
    // The host that made the change is gone by then.
    world.down.delete('mini');
    world.down.add('mac');
    world.at('cloud').news.found(idOf('mini'));
    await world.clock.advance(100);
    expect(world.listed('mini')).toEqual([...IDS, 'desk']);
  });

  it('is told again by itself when nobody says that the host is back', async () => {
    const world = await World.of();
    world.down.add('mini');
    await world.at('mac').list.add(entry('desk'));
    await world.clock.advance(100);
    world.down.delete('mini');
    await world.clock.advance(2 * NEWS_RETRY_MS);
    expect(world.listed('mini')).toEqual([...IDS, 'desk']);
  });

  it('that is made on two hosts at once is the same everywhere', async () => {
    const world = await World.of();
    await Promise.all([
      world.at('mac').list.add(entry('desk', { name: 'by mac' })),
      world.at('cloud').list.add(entry('desk', { name: 'by cloud' })),
      world.at('mini').list.add(entry('lab')),
    ]);
    await world.clock.advance(100);
    const names = IDS.map((id) => world.at(id).roster.current().get(idOf('desk'))?.name);
    expect(new Set(names)).toEqual(new Set(['by mac']));
    for (const id of IDS) expect([...world.listed(id)].sort()).toEqual([...IDS, 'desk', 'lab'].sort());
  });

  it('leaves what an operator edits afterwards, through a restart too', async () => {
    const world = await World.of();
    await world.at('mac').list.add(entry('desk'));
    await world.clock.advance(100);
    const { editHosts, store } = world.at('cloud');
    await editHosts((text) => text.replace('http://desk.test', 'http://desk.other'));
    world.at('mac').news.found();
    await world.clock.advance(100);
    expect(world.at('cloud').roster.current().get(idOf('desk'))?.url).toBe('http://desk.other');
    const disk = new MemoryStore({ disk: store.snapshot() });
    world.hosts.set('cloud', await world.open('cloud', IDS, SECRET, disk));
    await world.clock.advance(2 * NEWS_RETRY_MS);
    expect(world.listed('cloud')).toEqual([...IDS]);
  });

  it('of a host with another secret is taken by nobody', async () => {
    const world = await World.of(IDS, { cloud: 'another-secret-of-sixteen' });
    await world.at('cloud').list.add(entry('eve'));
    await world.clock.advance(100);
    expect([world.listed('mac'), world.listed('mini')]).toEqual([[...IDS], [...IDS]]);
  });

  it('that is repeated after a later one changes nothing', async () => {
    const world = await World.of();
    await world.at('mac').list.add(entry('desk'));
    const old = world.at('mac').list.all();
    await world.clock.advance(100);
    await world.at('mac').list.remove(idOf('desk'));
    await world.clock.advance(100);
    await world.at('cloud').news.receive(idOf('mini'), { version: HOSTS_VERSION, digest: '', changes: [...old] });
    for (const id of IDS) expect(world.listed(id)).toEqual([...IDS]);
  });

  it('of more than fit in a message is told in parts', async () => {
    const world = await World.of();
    world.down.add('mini');
    for (let number = 0; number < 120; number += 1)
      await world.at('mac').list.add(entry(`h${number}`, { voter: false }));
    world.down.delete('mini');
    world.at('mac').news.found(idOf('mini'));
    await world.clock.advance(NEWS_RETRY_MS);
    expect(world.listed('mini')).toHaveLength(123);
  });

  it('leaves one note for each host that was told, however often it is changed, and none with a host that is told no more', async () => {
    const world = await World.of();
    const { list, news } = world.at('mac');
    for (let times = 0; times < 20; times += 1) {
      await list.add(entry('desk'));
      await world.clock.advance(100);
      await world.at('cloud').list.remove(idOf('desk'));
      await world.clock.advance(100);
    }
    expect(list.all().map(({ id }) => id)).toEqual(['desk']);
    expect(news.noted).toBeLessThanOrEqual(2);
    await list.remove(idOf('mini'));
    await world.clock.advance(100);
    await list.remove(idOf('cloud'));
    await world.clock.advance(100);
    expect(news.noted).toBe(0);
  });

  it('takes nobody’s vote away when the eighth host comes', async () => {
    const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const world = await World.of(seven);
    await world.at('a').list.add(entry('h'));
    await world.clock.advance(100);
    for (const id of seven) expect(world.at(id).roster.current().voters).toEqual(seven);
  });

  it.each([
    ['added', [...IDS], [...IDS, 'desk']],
    ['removed', [...IDS, 'desk'], [...IDS]],
  ] as const)('by which a host is %s is made by the next start when a crash left it undone', async (what, from, to) => {
    const world = await World.of(from);
    const { list, stop } = world.at('mac');
    world.down.add('mac');
    await (what === 'added' ? list.add(entry('desk')) : list.remove(idOf('desk')));
    // The node is killed once its hosts.json is written; nobody else has heard of it.
    stop.abort();
    const disk = new MemoryStore({ disk: world.written.get('mac') ?? new Map() });
    world.hosts.set('mac', await world.open('mac', to, SECRET, disk));
    world.down.delete('mac');
    await world.clock.advance(2 * NEWS_RETRY_MS);
    for (const id of IDS) expect(world.listed(id)).toEqual(to);
  });

  it('of two hosts that have one URL and are added at once leaves every host one that it can start with', async () => {
    const world = await World.of();
    await Promise.all([
      world.at('mac').list.add(entry('desk', { url: 'http://new.test' })),
      world.at('cloud').list.add(entry('lab', { url: 'http://new.test' })),
    ]);
    await world.clock.advance(2 * NEWS_RETRY_MS);
    for (const id of IDS) {
      expect(world.listed(id)).toEqual([...IDS, 'desk']);
      expect(world.at(id).log.named('hosts.rejected')).toEqual([]);
      expect(world.at(id).log.named('hosts.left_out')).toMatchObject([{ level: 'warn' }]);
    }
    expect(new Set(IDS.map((id) => world.at(id).list.digest)).size).toBe(1);
  });

  it('that a host can’t write is told to its operator once, and taken when it can', async () => {
    const world = await World.of();
    world.readOnly.add('mini');
    await world.at('mac').list.add(entry('desk'));
    await world.clock.advance(5 * NEWS_RETRY_MS);
    expect(world.listed('mini')).toEqual([...IDS]);
    const told = [{ level: 'warn', fields: { message: "The hosts file can't be written." } }];
    expect(world.at('mini').log.named('hosts.not_changed')).toMatchObject(told);
    world.readOnly.delete('mini');
    await world.clock.advance(2 * NEWS_RETRY_MS);
    expect(world.listed('mini')).toEqual([...IDS, 'desk']);
    expect(world.at('mini').log.named('hosts.not_changed')).toHaveLength(1);
  });

  it('that no other host would take is refused, and leaves the store as it was', async () => {
    const { list, store } = (await World.of()).at('mac');
    const before = store.snapshot();
    const long = entry('desk', { notes: 'x'.repeat(5_000) });
    await expect(list.add(long)).rejects.toThrow(/entry of host 'desk' has 50\d\d characters, .* 4096 at most/);
    expect([...store.snapshot()]).toEqual([...before]);
    expect(list.all()).toEqual([]);
  });

  it('that can’t be written is refused, and a start goes on with what there was before', async () => {
    const world = await World.of();
    await world.at('mac').list.add(entry('desk'));
    const { list, store, editHosts } = world.at('mac');
    await editHosts(() => '{"hosts":');
    await expect(list.remove(idOf('desk'))).rejects.toThrow(/hosts.json is broken/);
    const disk = new MemoryStore({ disk: store.snapshot() });
    const revived = await world.open('mac', [...IDS, 'desk'], SECRET, disk);
    expect(revived.list.all()).toEqual(list.all());
    expect(revived.roster.current().get(idOf('desk'))).toBeDefined();
  });

  it('takes nobody’s vote away when the seventh and the eighth host come on two hosts at once', async () => {
    const six = ['a', 'b', 'c', 'd', 'e', 'f'];
    const world = await World.of(six);
    await Promise.all([world.at('a').list.add(entry('g')), world.at('b').list.add(entry('h'))]);
    await world.clock.advance(2 * NEWS_RETRY_MS);
    const voters = six.map((id) => world.at(id).roster.current().voters.join());
    expect(new Set(voters)).toEqual(new Set(['a,b,c,d,e,f,g']));
    expect(new Set(six.map((id) => world.at(id).list.digest)).size).toBe(1);
  });

  it('by which the last host that votes goes is the operator’s own affair', async () => {
    const eight = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const world = await World.of(eight);
    await world.at('a').list.add(entry('i', { voter: true }));
    await world.clock.advance(2 * NEWS_RETRY_MS);
    await world.at('a').list.remove(idOf('i'));
    await world.clock.advance(2 * NEWS_RETRY_MS);
    for (const id of eight) expect(world.at(id).roster.current().voters).toEqual([]);
  });

  it('is refused when the host is there already, or is not', async () => {
    const { list } = (await World.of()).at('mac');
    await expect(list.add(entry('cloud'))).rejects.toThrow(/a host 'cloud' already/);
    await expect(list.add(entry('desk', { url: 'http://cloud.test' }))).rejects.toThrow(
      /a host at http:\/\/cloud\.test/,
    );
    await expect(list.remove(idOf('desk'))).rejects.toThrow(/lists no 'desk'/);
  });
});
