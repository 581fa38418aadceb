import { describe, expect, it } from 'vitest';
import { copiedRows } from '../../../mesh/lookup/copy-answer.ts';
import type { Question } from '../../../mesh/lookup/index-entry.ts';
import { listedRow } from '../../../mesh/lookup/mesh-copy.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { rosterOf as makeRoster } from '../../../mesh/roster.ts';
import { Copy } from '../../../node/feed/copy.ts';
import { addressOf } from '../../support/agent-of.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const AGENT = 'id-titania' as AgentId;

/** Addresses and hosts that the copy of `mac` answers with; each host shows titania@x.com, and one address of its own. */
function answerTo(question: Question, known: { readonly legacy?: string; readonly disabled?: string } = {}) {
  const clock = new VirtualClock();
  const copy = new Copy(clock);
  for (const id of ['pi', 'cloud', 'mac', 'gone'])
    copy.change(id as HostId, {
      drop: [],
      put: ['titania@x.com', `${id}@x.com`].map((text) => {
        const { address, key } = addressOf(text);
        const agentId = id === 'pi' ? AGENT : (`id-${id}` as AgentId);
        return { address, key, agentId, agentName: id, hostId: id as HostId, primary: false };
      }),
    });
  const { hosts, self } = rosterOf('mac', 'cloud', 'lab', 'pi');
  const roster = makeRoster(
    hosts.map((host) => (host.id === known.disabled ? { ...host, enabled: false } : host)),
    self,
  );
  const ports = { copy, clock, roster: () => roster, isLegacy: (id: HostId) => id === known.legacy };
  return copiedRows(ports, question).map(({ key, entry }) => `${key} ${entry.hostId} ${entry.hostUrl}`);
}

const shown = (text: string, host: string) => `${text} ${host} http://${host}.example:23000`;

describe('rows of the copy', () => {
  const titania = { address: addressOf('titania@x.com') };
  it.each<[string, Question, Parameters<typeof answerTo>[1], readonly string[]]>([
    ['stand as in hosts.json', titania, {}, [shown('titania@x.com', 'cloud'), shown('titania@x.com', 'pi')]],
    [
      'of a legacy host stand last',
      titania,
      { legacy: 'cloud' },
      [shown('titania@x.com', 'pi'), shown('titania@x.com', 'cloud')],
    ],
    ['of a disabled host are left out', titania, { disabled: 'cloud' }, [shown('titania@x.com', 'pi')]],
    [
      'of one agent are all that it has',
      { agentId: AGENT },
      {},
      [shown('titania@x.com', 'pi'), shown('pi@x.com', 'pi')],
    ],
    [
      'fit the address and the agent, where both are asked for',
      { ...titania, agentId: AGENT },
      {},
      [shown('titania@x.com', 'pi')],
    ],
    ['of this host itself, or of one that left, are none', { address: addressOf('gone@x.com') }, {}, []],
  ])('%s', (_, question, known, expected) => {
    expect(answerTo(question, known)).toEqual(expected);
  });

  it.each([
    ['../etc', undefined],
    ['.hidden', undefined],
    ['a\nb', undefined],
    ['Titania', 'Titania'],
  ])('show %j as display name no further than a fan-out does', (displayName, expected) => {
    const row = { ...addressOf('titania@x.com'), agentId: AGENT, agentName: 'titania', hostId: 'pi' as HostId };
    expect(listedRow({ ...row, displayName, primary: true }, 'http://pi').entry.displayName).toBe(expected);
  });

  it('are everybody’s when everything is asked for', () => {
    expect(answerTo({})).toHaveLength(4);
  });
});
