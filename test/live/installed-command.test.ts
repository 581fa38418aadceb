// The program as `npm pack` ships it, installed where Node strips no types, and started by the Node that the machine has.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../scripts/host-process.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const REPORT = [
  'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
  '',
  '--b',
  'Content-Type: message/delivery-status',
  '',
  'Final-Recipient: rfc822; bob@example.com',
  'Action: failed',
  'Status: 5.1.1',
  '',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Message-ID: <nobodys@example.com>',
  '',
  '--b--',
].join('\r\n');

let directory = '';
let mesh = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'installed-command-'));
  const modules = join(directory, 'node_modules');
  mkdirSync(modules);
  // What npm would install beside it, from where it was installed already.
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((one) => !one.startsWith('.')))
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  const words = ['pack', '--silent', '--pack-destination', directory];
  const file = execFileSync('npm', words, { cwd: copyOfClone(), encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  const place = join(modules, 'agent-email-mesh');
  mkdirSync(place);
  execFileSync('tar', ['-xzf', join(directory, file), '-C', place, '--strip-components=1']);
  mesh = join(place, 'node', 'mesh.js');
}, LIVE_MS_MAX);

/** Packing writes into the clone, which other tests look into meanwhile. */
function copyOfClone(): string {
  const clone = join(directory, 'clone');
  for (const name of ['package.json', 'tsconfig.json', 'LICENSE', 'README.md', 'hosts.json', 'mesh', 'node', 'scripts'])
    cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  return clone;
}

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('an installed package', { timeout: LIVE_MS_MAX }, () => {
  it('has no TypeScript but declarations', () => {
    const files = execFileSync('find', [
      join(directory, 'node_modules', 'agent-email-mesh'),
      '-name',
      '*.ts',
    ]).toString();
    expect(files.split('\n').filter((file) => file !== '' && !file.endsWith('.d.ts'))).toEqual([]);
  });

  it('names its commands as they are typed, when it is in the path', () => {
    const folder = join(directory, 'bin');
    mkdirSync(folder);
    symlinkSync(mesh, join(folder, 'mesh'));
    const PATH = [folder, process.env.PATH ?? ''].join(delimiter);
    const words = ['init', '--data', join(directory, 'begun'), '--id', 'a', '--url', 'http://127.0.0.1:1'];
    const said = execFileSync(join(folder, 'mesh'), words, {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH, HOME: directory },
    });
    expect(said).toMatch(/^Start it: +mesh start --data .*\n.*: mesh join-mesh http/m);
  });

  it('runs a node, with its threads, and asks it', async () => {
    const [port] = await freePorts(1);
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(join(directory, 'hosts.json'), JSON.stringify({ hosts: [{ id: 'a', url, type: 'local' }] }));
    const environment = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(?:MESH_|NODE_)/.test(name)),
    );
    const child = spawn('node', [mesh, 'start', '--data', join(directory, 'data')], {
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('is ready at')) break;
    child.stdout.resume();
    const asked = (...words: readonly string[]) =>
      execFileSync('node', [mesh, ...words, '--url', url], { encoding: 'utf8', env: environment });
    expect(asked('agents', 'create', 'titania', '--id', 'a1', '--address', 't@x.com')).toMatch(/primary +t@x\.com/);
    expect(asked('lookup', 't@x.com')).toContain('titania (a1)');
    // The report is read on a thread of its own; the message that it names is nobody's here.
    const headers = { 'content-type': 'message/rfc822' };
    const answer = await fetch(`${url}/api/email/bounces`, { method: 'POST', headers, body: REPORT });
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: 'not_found' }]);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
