import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { backUp } from '../../../node/cli/backup-command.ts';
import { systemClock } from '../../../node/system/clock.ts';
import { serveApp } from '../../support/loopback.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mesh-backup-command-'));
  return () => rmSync(directory, { recursive: true });
});

/** A node that answers every request so. */
async function nodeThat(answers: () => Response) {
  const server = await serveApp({ fetch: answers });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { url: server.url, clock: systemClock };
}

const archive = () => new Response('an archive', { headers: { 'Content-Type': 'application/x-tar' } });
const busy = () =>
  Response.json({ error: 'overloaded', message: 'A backup of this host is under way.' }, { status: 503 });

describe('mesh backup', () => {
  it('writes the archive and leaves no draft', async () => {
    const file = join(directory, 'my mac.tar');
    const { text } = await backUp(await nodeThat(archive), file, {});
    expect([readFileSync(file, 'utf8'), readdirSync(directory)]).toEqual(['an archive', ['my mac.tar']]);
    expect(text).toContain(`npx mesh restore '${file}' --data DIR`);
  });

  it('leaves the draft alone that another one writes, when it is refused for that one', async () => {
    const file = join(directory, 'mac.tar');
    writeFileSync(`${file}.part`, 'half an archive');
    await expect(backUp(await nodeThat(busy), file, {})).rejects.toThrow(/under way/);
    expect(readFileSync(`${file}.part`, 'utf8')).toBe('half an archive');
  });

  it('leaves no draft where the file can not have its name', async () => {
    const file = join(directory, 'mac.tar');
    mkdirSync(file);
    await expect(backUp(await nodeThat(archive), file, { force: true })).rejects.toThrow(/EISDIR|directory/);
    expect(existsSync(`${file}.part`)).toBe(false);
  });
});
