// `mesh webhooks …` and `mesh deliveries …`: over a real node without a socket, and over what a node may answer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listDeliveries, replayDeliveries, retryDelivery, showDelivery } from '../../../node/cli/delivery-commands.ts';
import type { NodeClient } from '../../../node/cli/node-client.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import {
  createWebhook,
  deleteWebhook,
  enable,
  listWebhooks,
  rotateSecret,
  showWebhook,
  testWebhook,
} from '../../../node/cli/webhook-commands.ts';
import { clientOf } from '../../support/node-client-of.ts';
import { testNode } from '../../support/test-node.ts';

const URL = 'http://127.0.0.1:9/hook';
const EVENTS = ['agent.email.changed'];

async function setUp() {
  const node = await testNode();
  node.node.start();
  await node.clock.settle();
  const call = clientOf(node);
  const { value } = await createWebhook(call, PLAIN, URL, { events: EVENTS });
  return { call, id: (value as { id: string }).id };
}

function secretFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-secret-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'secret');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Answers every question alike, and keeps what was asked. */
function scripted(answer: object) {
  const asked: unknown[] = [];
  const call: NodeClient = async (method, path, { body } = {}) => {
    asked.push([method, path, body]);
    return { ...answer };
  };
  return { call, asked };
}

describe('mesh webhooks', () => {
  it('creates one, whose secret is shown then and never again', async () => {
    const { call } = await setUp();
    const { text } = await createWebhook(call, PLAIN, `${URL}/2`, { events: EVENTS, description: 'the gateway' });
    const [id = ''] = text.split('\n');
    expect(text).toMatch(/^for +the gateway$/m);
    expect(text).toMatch(/Its secret, which is shown only now: whsec_\S+$/);
    expect((await showWebhook(call, PLAIN, id)).text).not.toContain('whsec_');
  });

  it('takes a secret of yours from a file, with headers and a rate', async () => {
    const { call, asked } = scripted({ deliveries: {}, events: [] });
    const made = { events: EVENTS, header: ['X-Team: mail'], rate: '5', secretFile: secretFile('0123456789abcdef\n') };
    await createWebhook(call, PLAIN, URL, made);
    const body = { url: URL, events: EVENTS, headers: { 'X-Team': 'mail' }, ratePerSecond: 5 };
    expect(asked).toEqual([['POST', '/api/webhooks', { ...body, secret: '0123456789abcdef' }]]);
  });

  it.each([
    [{ header: ['X-Team'] }, /--header takes NAME:VALUE/],
    [{ rate: 'many' }, /--rate takes a whole number, not 'many'/],
  ])('refuses %j with a sentence, and asks nothing', async (made, sentence) => {
    const { call, asked } = scripted({});
    await expect(createWebhook(call, PLAIN, URL, { events: EVENTS, ...made })).rejects.toThrow(sentence);
    expect(asked).toEqual([]);
  });

  it('lists them, and is not well when one is disabled', async () => {
    const { call, id } = await setUp();
    const [head = '', row = ''] = (await listWebhooks(call, PLAIN)).text.split('\n');
    expect(head.split(/ {2,}/)).toEqual(['ID', 'STATE', 'WAITING', 'DEAD', 'LAST SUCCESS', 'URL']);
    expect(row.split(/ {2,}/)).toEqual([id, 'delivers', '0', '0', 'never', URL]);
    expect((await listWebhooks(call, PLAIN)).ok).toBe(true);
    expect((await enable(call, PLAIN, id, false)).text).toMatch(/^state +disabled/m);
    expect((await listWebhooks(call, PLAIN)).ok).toBe(false);
    await enable(call, PLAIN, id, true);
    expect((await listWebhooks(call, PLAIN)).ok).toBe(true);
  });

  it('says that there are none', async () => {
    const { call, id } = await setUp();
    await deleteWebhook(call, id);
    expect((await listWebhooks(call, PLAIN)).text).toMatch(/^Nobody is told of changes/);
  });

  it('rotates the secret', async () => {
    const { call, id } = await setUp();
    expect((await rotateSecret(call, id, { grace: '60' })).text).toMatch(
      /signs by a new secret\.\n\nIts secret.*whsec_/,
    );
  });

  it.each([
    [true, 'It answered 204.'],
    [false, 'It answered 500.'],
  ])('tells what became of a test (%s)', async (success, message) => {
    const { call, asked } = scripted({ success, message, durationMs: 3 });
    expect(await testWebhook(call, 'w/1')).toMatchObject({ text: `${message} (3 ms)`, ok: success });
    expect(asked).toEqual([['POST', '/api/webhooks/w%2F1/test', undefined]]);
  });
});

const DEAD = {
  ...{ id: 'msg_1', seq: 7, event: EVENTS[0], agent: { id: 'a1', name: 'titania', hostId: 'mac' } },
  ...{ sequence: 2, timestamp: '2026-01-01T00:00:00Z', status: 'dead', attemptCount: 2, reason: 'too_old' },
  lastAttempt: { attempt: 2, at: '2026-01-04T00:00:00Z', durationMs: 12, status: 500, error: 'It answered 500.' },
};

describe('mesh deliveries', () => {
  it('lists them by their state, with the last outcome', async () => {
    const { call, asked } = scripted({ deliveries: [DEAD] });
    const { text } = await listDeliveries(call, PLAIN, 'w1', 'dead');
    expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['SEQ', 'HAPPENED', 'EVENT', 'AGENT', 'STATUS', 'ATTEMPTS', 'LAST', 'WEBHOOK-ID'],
      ['7', DEAD.timestamp, EVENTS[0], 'titania on mac', 'dead', '2', '500 It answered 500.', 'msg_1'],
    ]);
    expect(asked).toEqual([['GET', '/api/webhooks/w1/deliveries?status=dead', undefined]]);
  });

  it('says that there are none', async () => {
    const { call, id } = await setUp();
    expect((await listDeliveries(call, PLAIN, id, 'dead')).text).toBe('There is no dead delivery.');
    expect((await listDeliveries(call, PLAIN, id, undefined)).text).toBe('There is no delivery.');
  });

  it('shows one with its attempts', async () => {
    const { call } = scripted({ delivery: { ...DEAD, attempts: [DEAD.lastAttempt] } });
    const { text, ok } = await showDelivery(call, PLAIN, 'w1', 'msg_1');
    expect([ok, text.split('\n').map((line) => line.split(/ {2,}/))]).toEqual([
      false,
      [
        ['msg_1', 'seq 7'],
        ['event', EVENTS[0]],
        ['agent', 'titania on mac'],
        ['status', 'dead (too_old)'],
        [''],
        ['ATTEMPT', 'AT', 'TOOK', 'OUTCOME'],
        ['2', DEAD.lastAttempt.at, '12 ms', '500 It answered 500.'],
      ],
    ]);
  });

  it('attempts one again', async () => {
    const { call, asked } = scripted({ delivery: DEAD });
    expect((await retryDelivery(call, 'w1', 'msg_1')).text).toBe('msg_1 is attempted again now.');
    expect(asked).toEqual([['POST', '/api/webhooks/w1/deliveries/msg_1/retry', undefined]]);
  });

  it.each([
    [{ status: 'dead', dryRun: true }, null, '3 or more deliveries would be sent again.'],
    [{ status: 'all', since: '2026-01-01T00:00:00Z' }, null, '3 or more deliveries are sent again.'],
    [{ status: 'held' }, '2026-01-05T00:00:00Z', '3 or more deliveries are sent again.'],
    [
      { status: 'dead' },
      '2026-01-05T00:00:00Z',
      /are sent again once the receiver is asked again, at 2026-01-05T00:00:00Z: .*retry w1 DELIVERY/,
    ],
  ] as const)('sends again as %j says, the receiver left alone until %s', async (replay, pausedUntil, said) => {
    const { call, asked } = scripted({ matched: 3, atLeast: true, deliveries: { pausedUntil } });
    const { text } = await replayDeliveries(call, 'w1', replay);
    expect(text).toMatch(said);
    expect(asked[0]).toEqual(['POST', '/api/webhooks/w1/replay', replay]);
  });

  it('counts one as one', async () => {
    const { call } = scripted({ matched: 1, deliveries: { pausedUntil: null } });
    expect((await replayDeliveries(call, 'w1', { status: 'dead' })).text).toBe('1 delivery is sent again.');
  });
});
