import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../node/settings.ts';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

const TOKEN = 'token-token-token-token';
const TYPED = { 'log-days': '30', page: 'on' };
const ENVIRONMENT = {
  MESH_TOKEN: TOKEN,
  MESH_ALIASES: 'mesh.example.com',
  MESH_SMTP_URL: 'smtp://u:pass-word@mail:587',
};

describe('the page of settings', () => {
  it('shows each with where it came from, and of a secret that there is one', async () => {
    const { config } = readConfig(TYPED, ENVIRONMENT);
    const { node } = await testNode({ token: TOKEN, shown: config.shown });
    const visitor = new PageVisitor(node);
    await visitor.logIn(TOKEN);
    const { status, html } = await visitor.get('/page/settings');
    expect(status).toBe(200);
    const rows = [...html.matchAll(/<tr role="row">(.*?)<\/tr>/gs)].map(([, row = '']) =>
      [...row.matchAll(/<div>(.*?)<\/div>/gs)].slice(0, 3).map(([, cell = '']) => cell.replace(/<[^>]+>/g, '')),
    );
    expect(rows).toHaveLength(config.shown.length + 1);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['MESH_LOG_DAYS', '30', '--log-days'],
        ['MESH_ALIASES', 'mesh.example.com', 'environment'],
        ['MESH_DATA', './data', 'default'],
        ['MESH_SMTP_URL', '[secret]', 'environment'],
        ['MESH_READ_TOKEN', 'not set', '–'],
      ]),
    );
    expect(html).not.toMatch(/pass-word|token-token/);
  });

  it('is for who may do everything', async () => {
    const { node, ask } = await testNode({ token: TOKEN, shown: readConfig({}, ENVIRONMENT).config.shown });
    const made = await ask(
      'POST',
      '/api/keys',
      { name: 'kim', scopes: ['read'] },
      { authorization: `Bearer ${TOKEN}` },
    );
    const visitor = new PageVisitor(node);
    await visitor.logIn((made.body as { secret: string }).secret);
    const { status, html } = await visitor.get('/page/settings');
    expect([status, html]).toEqual([403, expect.not.stringContaining('MESH_DATA')]);
  });
});

describe('MESH_PAGE', () => {
  it.each([
    ['off', 404],
    ['on', 200],
  ])('%s: what a browser gets is a page, or it is not', async (page, status) => {
    const { config } = readConfig({}, { MESH_PAGE: page });
    const { node, ask } = await testNode({ page: config.page });
    const visitor = new PageVisitor(node);
    for (const path of ['/', '/page/addresses', '/page/style.css'])
      expect([path, (await visitor.get(path)).status]).toEqual([path, status]);
    expect((await ask('GET', '/api/agents')).status).toBe(200);
  });
});
