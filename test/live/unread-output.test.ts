// A node whose output nobody reads, over real processes: it goes on, answers, and stops when it is told to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { MAIN, ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe('a node whose output nobody reads', () => {
  it.each(['a pipe', 'a full disk'])(
    'goes on when standard error is %s',
    async (kind) => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
      const host = mesh.host('mac');
      const hosts = ['--hosts', `${mesh.directory}/hosts.json`, '--host', 'mac', '--data', host.dataDirectory];
      const stderr = kind === 'a pipe' ? 'pipe' : openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [MAIN, ...hosts], { stdio: ['ignore', 'pipe', stderr] });
      if (child.stdout === null) throw new Error('Its output is a pipe.');
      await once(createInterface({ input: child.stdout }), 'line');
      // Nobody reads on from here.
      child.stdout.destroy();
      await using client = new Client();
      await client.expect(host, 'POST', '/api/agents', { id: 'x', name: 'x' });
      for (let at = 0; at < 1_000; at += 1) {
        const { status } = await client.expect(host, 'PATCH', '/api/agents/x', { label: `${at}` });
        if (status !== 200) throw new Error(`Change ${at} was answered ${status}.`);
      }
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    },
    LIVE_MS_MAX,
  );

  it(
    'starts when standard output is closed',
    async () => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
      const host = mesh.host('mac');
      const hosts = ['--hosts', `${mesh.directory}/hosts.json`, '--host', 'mac', '--data', host.dataDirectory];
      const child = spawn(process.execPath, [MAIN, ...hosts], { stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.destroy();
      await once(
        createInterface({ input: child.stderr }).on('line', () => undefined),
        'line',
      );
      await using client = new Client();
      while ((await client.ask(host, 'GET', '/health')) === undefined) await once(child.stderr, 'data');
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    },
    LIVE_MS_MAX,
  );
});
