import { describe, expect, it } from 'vitest';
import type { Agent } from '../../../node/registry/agent.ts';
import { agentNameFault, KeptNames } from '../../../node/registry/agent-name.ts';
import { RecordingLog } from '../../support/recording-log.ts';

describe("an agent's name", () => {
  it.each(['a', '23blocks-iac', 'team/iac', 'a/b/c', 'A_b.c-d', '...', '.hidden', 'a..b', '-', 'x'.repeat(128)])(
    'may be %j',
    (name) => expect(agentNameFault(name)).toBeUndefined(),
  );
  const refused: readonly (readonly [why: RegExp, names: readonly string[]])[] = [
    [/at least 1/, ['']],
    [/at most 128/, ['x'.repeat(129)]],
    [/must consist of/, ['my agent', 'Ünïcöde', '臺', 'a@b', 'a\\b', 'a:b', 'a\n', 'a%2Fb', '🦊', "a'b"]],
    [/must not begin or end with '\/'/, ['/a', 'a/', 'a//b', '/']],
    [/no part that is/, ['.', '..', '../a', 'a/../b', 'a/.', './a', 'a/..']],
  ];
  it.each(refused)('has a rule that says %s', (why, names) => {
    for (const name of names) expect(agentNameFault(name)).toMatch(why);
  });
});

describe('names from before the rule', () => {
  const agent = (name: string, displayName?: string) =>
    ({ id: `id of ${name}`, name, addresses: [{ displayName }] }) as unknown as Agent;
  const report = (agents: readonly Agent[], log: RecordingLog) => {
    const names = new KeptNames();
    for (const one of agents)
      names.see(
        one,
        one.addresses.map(({ displayName }) => displayName),
      );
    names.report(log);
  };

  it('are reported, some of them by name', () => {
    const log = new RecordingLog();
    const old = Array.from({ length: 30 }, (_, at) => agent(`my agent ${at}`));
    report([agent('fine'), agent('fine-too', 'é'.repeat(128)), ...old], log);
    const [told] = log.named('agents.names_kept');
    expect(told).toMatchObject({ level: 'warn', fields: { count: 31 } });
    expect(told?.fields.agents).toHaveLength(20);
    expect(told?.fields.agents).toContainEqual({ id: 'id of my agent 0', name: 'my agent 0' });
  });
  it('are not spoken of when there are none', () => {
    const log = new RecordingLog();
    report([agent('fine', 'Fine')], log);
    expect(log.named('agents.names_kept')).toEqual([]);
  });
});
