import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDirectory } from '../../../node/store/directory-lock.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import { makeDataDirectory } from '../../support/store-directory.ts';

/** Another process tries to lock the directory, and ends without releasing it. */
function lockElsewhere(directory: string): string {
  const source = new URL('../../../node/store/', import.meta.url).href;
  const script = `
    import { lockDirectory } from '${source}directory-lock.ts';
    import { pathsIn } from '${source}paths.ts';
    try { lockDirectory(pathsIn(process.argv[1])); console.log('locked'); } catch (error) { console.log(error.message); }
    process.kill(process.pid, 'SIGKILL');
  `;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, directory], {
    encoding: 'utf8',
  }).stdout.trim();
}

describe('the lock of a data directory', () => {
  let place: ReturnType<typeof makeDataDirectory>;
  let paths: StorePaths;
  beforeEach(() => {
    place = makeDataDirectory();
    mkdirSync(place.directory);
    paths = pathsIn(place.directory);
  });
  afterEach(() => place.remove());

  it('is refused to a second taker in the same process, and stays with the first', () => {
    const lock = lockDirectory(paths);
    expect(() => lockDirectory(paths)).toThrow(/in use by another node/);
    expect(lockElsewhere(place.directory)).toMatch(/in use by another node/);
    lock.release();
  });

  it('is refused to another process, with the directory, who holds it, and what to do', () => {
    const lock = lockDirectory(paths);
    const refusal = lockElsewhere(place.directory);
    expect(refusal).toContain(place.directory);
    expect(refusal).toContain(`process ${process.pid} on `);
    expect(refusal).toContain('--data');
    lock.release();
  });

  it('is refused even when the note of who holds it is gone', () => {
    const lock = lockDirectory(paths);
    writeFileSync(paths.holder, '');
    expect(() => lockDirectory(paths)).toThrow('in use by another node. Stop');
    lock.release();
  });

  it('is free again once it is released', () => {
    lockDirectory(paths).release();
    lockDirectory(paths).release();
    expect(lockElsewhere(place.directory)).toBe('locked');
  });

  it('is free again once its process was killed', () => {
    expect(lockElsewhere(place.directory)).toBe('locked');
    expect(readFileSync(paths.holder, 'utf8')).toMatch(/^process \d+ on /);
    lockDirectory(paths).release();
  });

  it('leaves one empty file that only its owner reads', () => {
    lockDirectory(paths).release();
    expect(readdirSync(place.directory)).toEqual(['mesh.lock']);
    expect([statSync(paths.lock).size, statSync(paths.lock).mode & 0o777]).toEqual([0, 0o600]);
  });

  it('is refused when something was written into its file, which stays as it is', () => {
    writeFileSync(paths.lock, 'not a lock, rather a note of somebody');
    expect(() => lockDirectory(paths)).toThrow(/mesh\.lock must be empty/);
    expect(readFileSync(paths.lock, 'utf8')).toContain('a note of somebody');
  });
});
