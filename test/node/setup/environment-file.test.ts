import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { readEnvironmentFile, withEnvironmentFile } from '../../../node/setup/environment-file.ts';

function directoryWith(text: string, mode = 0o600): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-env-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'mesh.env'), text);
  chmodSync(join(directory, 'mesh.env'), mode);
  return directory;
}

describe('mesh.env', () => {
  it('gives what the environment does not, with its hosts file beside it', () => {
    const directory = directoryWith('# a comment\nMESH_HOSTS=hosts.json\nMESH_SECRET="of the file"\nMESH_HOST=mac\n');
    expect(withEnvironmentFile({ MESH_HOST: 'mini', MESH_SECRET: '', PATH: '/bin' }, directory)).toEqual({
      ...{ MESH_HOSTS: join(directory, 'hosts.json'), MESH_SECRET: 'of the file', MESH_HOST: 'mini', PATH: '/bin' },
    });
  });

  it('is not needed', () => {
    expect(readEnvironmentFile(join(tmpdir(), 'there-is-no-such-directory'))).toEqual({});
  });

  it('is refused with a sentence where it can not be looked for', () => {
    const directory = join(tmpdir(), 'x'.repeat(300));
    expect(() => readEnvironmentFile(directory)).toThrow(MeshError);
    expect(() => readEnvironmentFile(directory)).toThrow(
      /Whether there is a settings file .* can't be told: ENAMETOOLONG/,
    );
  });

  it('is refused when others may read it', () => {
    expect(() => readEnvironmentFile(directoryWith('MESH_HOST=mac\n', 0o644))).toThrow(/chmod 600/);
  });

  it.each(['NODE_OPTIONS=--inspect', 'PATH=/tmp', 'MESH_DATA=/tmp'])('is refused with %s in it', (line) => {
    expect(() => readEnvironmentFile(directoryWith(`${line}\n`))).toThrow(/It may set the settings of this program/);
  });
});
