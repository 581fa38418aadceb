// Five real hosts whose links can be cut one by one: each has a hosts.json of its own, in which its peers' URLs are links.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, HostProcess } from '../host-process.ts';
import { Link } from './link.ts';

const SECRET = 'the-secret-of-a-mesh-in-trouble';

export class ChaosMesh implements AsyncDisposable {
  readonly hosts: readonly HostProcess[];
  readonly #directory: string;
  readonly #links: ReadonlyMap<string, Link>;
  /** Hosts whose process is stopped by SIGSTOP. */
  readonly paused = new Set<string>();

  private constructor(directory: string, hosts: readonly HostProcess[], links: ReadonlyMap<string, Link>) {
    this.#directory = directory;
    this.hosts = hosts;
    this.#links = links;
  }

  /** `settings`: further variables of each host. */
  static async create(
    ids: readonly string[],
    voters: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ChaosMesh> {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-chaos-'));
    const ports = await freePorts(ids.length);
    const links = new Map<string, Link>();
    for (const from of ids)
      for (const [at, to] of ids.entries()) if (from !== to) links.set(`${from}>${to}`, await Link.to(ports[at] ?? 0));
    const hosts = ids.map((id, at) => {
      mkdirSync(join(directory, id));
      const environment = { MESH_SECRET: SECRET, MESH_LOG_LEVEL: 'warn', ...settings };
      return new HostProcess(id, `http://127.0.0.1:${ports[at]}`, join(directory, id), { environment });
    });
    const mesh = new ChaosMesh(directory, hosts, links);
    for (const { id } of hosts) mesh.edit(id, voters);
    return mesh;
  }

  /** Writes a host's hosts.json. */
  edit(id: string, voters: readonly string[]): void {
    const hosts = this.hosts.map((host) => ({
      id: host.id,
      url: host.id === id ? host.url : `http://127.0.0.1:${this.#links.get(`${id}>${host.id}`)?.port}`,
      voter: voters.includes(host.id),
    }));
    writeFileSync(join(this.#directory, id, 'hosts.json'), JSON.stringify({ hosts }));
  }

  cut(from: string, to: string): void {
    this.#links.get(`${from}>${to}`)?.cut();
  }

  mend(): void {
    for (const link of this.#links.values()) link.mend();
  }

  pause(host: HostProcess): void {
    this.paused.add(host.id);
    host.signal('SIGSTOP');
  }

  resume(): void {
    for (const host of this.hosts) if (this.paused.delete(host.id)) host.signal('SIGCONT');
  }

  wipe(host: HostProcess): void {
    rmSync(host.dataDirectory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await Promise.all(this.hosts.map((host) => host.kill()));
    await Promise.all([...this.#links.values()].map((link) => link[Symbol.asyncDispose]()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
