// The commands as they are typed, against what answers at the node's URL, whoever that is.
import { Command } from 'commander';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { CLAIM_MS_MAX } from '../../../mesh/limits.ts';
import { whyNoClaim } from '../../../mesh/operations/obstacles.ts';
import { firstConfig } from '../../../mesh/state/config.ts';
import { addClientCommands } from '../../../node/cli/client-commands.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import { systemClock } from '../../../node/system/clock.ts';
import { coreOn, type KnownCore, MESH } from '../../support/core-on.ts';
import { serveApp } from '../../support/loopback.ts';
import { dataOf, desk, lab, mac, votersOf } from '../../support/membership-of.ts';

const HOSTILE = '\x1b[2J\x1b]0;owned\x07\rReady: addresses can be claimed.\nReady\u202e\u009b2J\u2028';
/** The line feeds between lines are ours. */
const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

async function typed(app: Hono, ...words: readonly string[]) {
  await using server = await serveApp(app);
  const lines: string[] = [];
  const program = new Command('mesh');
  addClientCommands(program, {
    ...{ url: server.url, token: undefined, clock: systemClock, stop: new AbortController().signal },
    print: (text) => lines.push(...text.split('\n')),
    printJson: (value) => lines.push(...JSON.stringify(value, null, 2).split('\n')),
    complain: (text) => lines.push(...text.split('\n')),
    end: () => undefined,
    paint: PLAIN,
    wait: () => () => undefined,
  });
  await program.parseAsync(['node', 'mesh', ...words]);
  return lines;
}

describe('what others say, in a terminal', () => {
  it('is shown as it is written, each text in one line', async () => {
    const app = new Hono();
    app.get('/ready', (c) => c.json({ error: 'x', message: HOSTILE }, 503));
    const host = {
      id: `b${HOSTILE}`,
      url: `http://x${HOSTILE}`,
      status: HOSTILE,
      votes: true,
      isSelf: false,
      why: HOSTILE,
    };
    app.get('/api/hosts', (c) => c.json({ hosts: [host], mesh: { state: HOSTILE, notes: [HOSTILE] } }));
    const lines = await typed(app, 'status');
    expect(lines.filter((line) => !PRINTABLE.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('Ready'))).toEqual([]);
    expect(lines[0]).toMatch(/^Not ready: \\u001b\[2J/);
  });

  it('is shown so in a refusal too', async () => {
    const app = new Hono();
    app.post('/api/hosts/evict', (c) => c.json({ error: HOSTILE, message: HOSTILE, field: HOSTILE }, 400));
    const lines = await typed(app, 'evict', 'b');
    expect([lines.length, lines.filter((line) => !PRINTABLE.test(line))]).toEqual([1, []]);
  });

  it('is shown so in conflicts', async () => {
    const app = new Hono();
    const claimedBy = { agentName: HOSTILE, hostId: HOSTILE, since: HOSTILE };
    const conflict = { address: HOSTILE, agentName: HOSTILE, since: HOSTILE, claimedBy };
    const undecided = [{ address: HOSTILE, hostId: HOSTILE }];
    app.get('/api/conflicts', (c) => c.json({ conflicts: [conflict], undecided }));
    const lines = await typed(app, 'conflicts');
    expect(lines.filter((line) => !PRINTABLE.test(line))).toEqual([]);
  });
});

describe('mesh log', () => {
  it('verify asks for the whole log', async () => {
    const app = new Hono();
    app.get('/api/log/verification', (c) => c.json({ logId: 'l', from: 1, to: 2, head: 2, oldest: 1 }));
    expect(await typed(app, 'log', 'verify')).toEqual(['Log l fits its chain: entries 1 to 2, from the first on.']);
  });
});

describe('a command that the node advises', () => {
  const accepted = { epoch: 0, promised: [1, 'mac'], accepted: [1, 'mac'], config: MESH } as const;
  const { mesh } = firstConfig(votersOf(desk, lab), [desk, lab]);
  const lost = { incarnation: dataOf('f') };

  it.each<[string, KnownCore, object]>([
    [
      'join',
      { config: undefined, records: { succession: accepted }, greeted: { desk: { mesh } } },
      { host: 'desk', acceptLoss: true },
    ],
    ['recover', { greeted: { cloud: lost, mini: lost } }, { voters: ['mac'], acceptLoss: false }],
  ])('to %s can be typed as it is written', async (name, known, body) => {
    const sentence = whyNoClaim(coreOn(mac, known), CLAIM_MS_MAX)?.message;
    const [, words = ''] = /'npx mesh ([^']*)'/.exec(sentence ?? '') ?? [];
    const asked: unknown[] = [];
    const app = new Hono();
    app.post(`/api/hosts/${name}`, async (c) => {
      asked.push(await c.req.json());
      return c.json({ mesh: { state: 'formed' } });
    });
    await typed(app, ...words.split(' '));
    expect(asked).toEqual([body]);
  });
});
