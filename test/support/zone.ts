// What a DNS on loopback says, as a test changes it: of texts by their name, of anything else by `MX name` and the like.
import { type DnsReply, type DnsServer, startDnsServer } from './dns-server.ts';

export type Zone = Map<string, DnsReply>;

export interface ToPublish {
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly priority?: number;
}

/** What is not in the zone does not exist. */
export function serveZone(zone: Zone): Promise<DnsServer> {
  return startDnsServer((name, type) => zone.get(type === 'TXT' ? name : `${type} ${name}`) ?? 'absent');
}

/** Does what a domain's records ask for; any subdomain is a machine `mesh-check`. */
export function publish(zone: Zone, records: readonly ToPublish[]): void {
  for (const record of records) {
    const name = record.name.replace(/^\*/, 'mesh-check');
    const value = record.priority === undefined ? record.value : `${record.priority} ${record.value}`;
    zone.set(record.type === 'TXT' ? name : `${record.type} ${name}`, [value]);
  }
}
