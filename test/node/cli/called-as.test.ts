import { describe, expect, it } from 'vitest';
import { type Call, calledAs, saidAs } from '../../../node/cli/called-as.ts';

const CLONE = '/home/kim/mesh';
const called = (call: Partial<Call>) =>
  calledAs({
    script: `${CLONE}/node/mesh.js`,
    home: CLONE,
    folder: CLONE,
    environment: { PATH: '/usr/local/bin:/usr/bin' },
    ...call,
  });

describe('how the command is typed once more', () => {
  it('is npx mesh where npx started it, from whichever folder', () => {
    const environment = { npm_lifecycle_event: 'npx', PATH: `${CLONE}/node_modules/.bin` };
    expect(called({ script: `${CLONE}/node_modules/.bin/mesh`, folder: '/tmp/mesh', environment })).toBe('npx mesh');
  });

  it('is npx mesh in a clone, however it was started there', () => {
    expect(called({})).toBe('npx mesh');
    expect(called({ folder: `${CLONE}/data` })).toBe('npx mesh');
    expect(called({ environment: { npm_lifecycle_event: 'start' } })).toBe('npx mesh');
  });

  it('is npx mesh in a project that has the package installed', () => {
    const home = '/home/kim/project/node_modules/agent-email-mesh';
    const script = '/home/kim/project/node_modules/.bin/mesh';
    expect(called({ home, script, folder: '/home/kim/project' })).toBe('npx mesh');
  });

  it('is mesh where that is in the path', () => {
    const home = '/usr/local/lib/node_modules/agent-email-mesh';
    expect(called({ home, script: '/usr/local/bin/mesh', folder: '/srv' })).toBe('mesh');
  });

  it('is node with the place of the program anywhere else', () => {
    expect(called({ folder: '/srv' })).toBe(`node ${CLONE}/node/mesh.js`);
    expect(called({ folder: '/home/kim/mesh-data' })).toBe(`node ${CLONE}/node/mesh.js`);
    expect(called({ folder: '/srv', home: "/it's here" })).toBe("node '/it'\\''s here/node/mesh.js'");
  });
});

it('a text has its commands as they were called, and nothing else changed', () => {
  const text = 'Start it: npx mesh start --data d. For another: npx mesh hosts invite. The mesh starts.';
  expect(saidAs(text, 'mesh')).toBe('Start it: mesh start --data d. For another: mesh hosts invite. The mesh starts.');
  expect(saidAs(text, 'npx mesh')).toBe(text);
});
