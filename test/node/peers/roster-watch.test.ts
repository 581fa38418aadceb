import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { RosterWatch } from '../../../node/peers/roster-watch.ts';
import { RecordingLog } from '../../support/recording-log.ts';

const mac = { id: 'mac', url: 'http://127.0.0.1:1', type: 'local' };
const cloud = { id: 'cloud', url: 'http://127.0.0.1:2' };
const text = (...hosts: unknown[]) => JSON.stringify({ hosts });

function watch() {
  const log = new RecordingLog();
  const roster = new RosterWatch(text(mac, cloud), { hostName: 'x' }, log);
  const seen: string[][] = [];
  roster.subscribe(({ hosts }) => seen.push(hosts.map(({ id }) => id)));
  return { log, roster, seen };
}

describe('hosts.json while the node runs', () => {
  it('takes effect when it is edited', () => {
    const { roster, seen } = watch();
    roster.edited(text(mac, cloud, { id: 'mini', url: 'http://127.0.0.1:3' }));
    expect([seen, roster.current().peers.map(({ id }) => id)]).toEqual([[['mac', 'cloud', 'mini']], ['cloud', 'mini']]);
  });

  it.each([
    ['broken', '{"hosts":['],
    ['gone', new MeshError('invalid_request', 'It can no longer be read.')],
  ])('stays as it was when an edit leaves it %s, and says so', (_, edited) => {
    const { log, roster, seen } = watch();
    roster.edited(edited);
    expect([seen, roster.current().peers.map(({ id }) => id)]).toEqual([[], ['cloud']]);
    expect(log.named('hosts.rejected')).toHaveLength(1);
  });

  it('may leave this host out: then that is wished, and said', () => {
    const { log, roster, seen } = watch();
    roster.edited(text(cloud));
    const { self, peers, voters } = roster.current();
    expect([seen, self.id, peers.map(({ id }) => id), voters]).toEqual([[['cloud']], 'mac', ['cloud'], ['cloud']]);
    expect(log.named('hosts.self_left')).toMatchObject([{ level: 'warn' }]);
    roster.edited(text({ ...mac, name: 'back' }, cloud));
    expect([roster.current().self.name, roster.current().voters]).toEqual(['back', ['cloud', 'mac']]);
  });

  it('warns when nobody votes any more', () => {
    const { log, roster } = watch();
    roster.edited(
      text(mac, ...Array.from({ length: 8 }, (_, at) => ({ id: `h${at}`, url: `http://127.0.0.1:${10 + at}` }))),
    );
    expect(log.named('hosts.no_voters')).toHaveLength(1);
  });

  it('is not told again when nothing changed', () => {
    const { roster, seen } = watch();
    roster.edited(text(mac, cloud));
    expect(seen).toEqual([]);
  });

  it('does not let another entry become this host', () => {
    const { roster } = watch();
    roster.edited(text({ ...mac, type: 'remote' }, { ...cloud, type: 'local' }));
    expect(roster.current().self.id).toBe('mac');
  });
});
