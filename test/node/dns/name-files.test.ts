import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NameFiles, questionsFor } from '../../../node/dns/name-files.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let directory: string;
let clock: VirtualClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mesh-names-'));
  clock = new VirtualClock();
});
afterEach(() => rm(directory, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(directory, name), text);
const open = () => new NameFiles(clock, join(directory, 'hosts'), join(directory, 'resolv.conf'));

describe('the files about names', () => {
  it('list addresses by name, several of one, without comments and nonsense', async () => {
    await write(
      'hosts',
      '# hosts\n127.0.0.1 localhost Mac # this one\n::1\tlocalhost\r\nnonsense mini\n192.0.2.1 mini\n',
    );
    const { listed } = await open().read();
    expect(Object.fromEntries(listed)).toEqual({
      localhost: ['127.0.0.1', '::1'],
      mac: ['127.0.0.1'],
      mini: ['192.0.2.1'],
    });
  });

  it('say where else a name is looked for: the last list counts', async () => {
    await write(
      'resolv.conf',
      'nameserver 192.0.2.53\ndomain a.example\nsearch b.example. c.example\noptions edns0 ndots:3\n',
    );
    expect(await open().read()).toMatchObject({ search: ['b.example', 'c.example'], dotsMin: 3 });
  });

  it('may be missing', async () => {
    const rules = await open().read();
    expect(rules).toMatchObject({ search: [], dotsMin: 1 });
    expect(rules.listed.size).toBe(0);
  });

  it('are read again within a second or so when they changed, and only then', async () => {
    await write('hosts', '192.0.2.1 mini\n');
    const files = open();
    const before = await files.read();
    await clock.advance(1_000);
    expect(await files.read()).toBe(before);
    await write('hosts', '192.0.2.1 mini\n192.0.2.2 cloud\n');
    expect(await files.read()).toBe(before);
    await clock.advance(1_000);
    expect((await files.read()).listed.get('cloud')).toEqual(['192.0.2.2']);
  });
});

describe('the questions for a name', () => {
  const rules = { listed: new Map(), search: ['a.example', 'b.example'], dotsMin: 1 };

  it.each([
    ['mac', ['mac.a.example', 'mac.b.example', 'mac']],
    ['mac.lab', ['mac.lab', 'mac.lab.a.example', 'mac.lab.b.example']],
    ['mac.', ['mac.']],
  ])('%s are %j', (name, questions) => {
    expect(questionsFor(name, rules)).toEqual(questions);
  });
});
