// Which changes a listener is told of.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import { type ChangeFilter, isWanted } from '../../../node/changes/change-filter.ts';
import type { ChangeEntry } from '../../../node/changes/change-log.ts';
import { heardEntry, mailEntry, ownEntry } from '../../support/log-entries.ts';

const OWN = ownEntry(1) as ChangeEntry;
const MAIL = mailEntry(2) as ChangeEntry;
const HEARD = heardEntry(3) as unknown as ChangeEntry;
const UNKNOWN = heardEntry(4, { event: 'agent.painted' }) as unknown as ChangeEntry;

describe('a listener', () => {
  it.each<[string, ChangeFilter, readonly [own: boolean, mail: boolean, heard: boolean, unknown: boolean]]>([
    ['to the mesh', { scope: 'mesh' }, [true, true, true, true]],
    ['to this host', { scope: 'host' }, [true, true, false, false]],
    ['to one event', { scope: 'mesh', events: ['agent.updated'] }, [true, false, true, false]],
    ['to one event here', { scope: 'host', events: ['email.sent'] }, [false, true, false, false]],
    ['to no event', { scope: 'mesh', events: [] }, [false, false, false, false]],
    ['to an agent', { scope: 'mesh', agentId: 'p1' as AgentId }, [false, false, true, true]],
    ['to an agent of another host, here', { scope: 'host', agentId: 'p1' as AgentId }, [false, false, false, false]],
    [
      'to an event of an agent',
      { scope: 'mesh', agentId: 'a1' as AgentId, events: ['email.sent'] },
      [false, true, false, false],
    ],
  ])('%s', (_, filter, expected) => {
    expect([OWN, MAIL, HEARD, UNKNOWN].map((entry) => isWanted(entry, filter))).toEqual(expected);
  });
});
