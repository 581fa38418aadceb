// That what hosts say to each other passes the door, the rare forms too.
import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { firstConfig, recoveredConfig } from '../../../mesh/state/config.ts';
import { CLAIM_VERSION } from '../../../mesh/state/messages.ts';
import { claimAnswerSchema, claimMessageSchema, questionSchema, replySchemas } from '../../../mesh/state/schemas.ts';
import { dataOf, greetingOf, wishOf } from '../../support/membership-of.ts';

const mac = 'mac' as HostId;
const data = dataOf('a');
const config = firstConfig({ [mac]: data }, [mac]);
const owner = {
  hostId: 'mac',
  agentId: 'agent',
  agentName: 'Titania',
  claimId: 'claim-12345',
  since: '2026-01-27T12:00:00Z',
};
const standing = { version: CLAIM_VERSION, incarnation: data };

describe('what hosts say to each other', () => {
  it.each([
    [
      'what a registry tells in place of lost votes',
      claimAnswerSchema,
      {
        ...standing,
        kind: 'items',
        items: [{ kind: 'promise', n: 1, accepted: [0, 'mac'], value: owner }],
      },
    ],
    [
      'a host in a mesh that was recovered',
      questionSchema,
      greetingOf(data, wishOf(['mac']), {
        config: recoveredConfig(config, config.voters, [mac]),
      }),
    ],
    ['a host whose data is in use elsewhere', questionSchema, greetingOf(data, wishOf(['mac']), { standsBack: true })],
    [
      'a promise of one that accepted several first configurations',
      replySchemas.succession,
      {
        ...standing,
        kind: 'promise',
        n: 3,
        accepted: [2, 'mac'],
        config,
        past: [config],
      },
    ],
  ])('passes: %s', (_, schema, said) => {
    expect(schema.parse(JSON.parse(JSON.stringify(said)))).toEqual(JSON.parse(JSON.stringify(said)));
  });

  it('is refused without the name of the start that speaks', () => {
    const message = {
      ...standing,
      mesh: config.mesh,
      epoch: 1,
      items: [{ kind: 'prepare', key: 'a@x.com', n: 1, claiming: true }],
    };
    expect(claimMessageSchema.safeParse({ ...message, life: 1, boot: 'b' }).success).toBe(true);
    expect(claimMessageSchema.safeParse(message).success).toBe(false);
  });
});
