// A DNS server on loopback that answers as a test says (RFC 1035 §4): records, "no such name", a failure, or nothing at all.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

/** Addresses of both families, or texts, names of machines (`10 mx.example.com`) or one name where those are asked for; `silent`: no answer; `absent`: NXDOMAIN; `failing`: SERVFAIL. */
export type DnsReply = readonly string[] | 'silent' | 'absent' | 'failing';

export interface DnsServer extends AsyncDisposable {
  /** `IP:port`, as c-ares takes it. */
  readonly at: string;
  /** Names that were asked for, their type before them. */
  readonly asked: string[];
}

const TYPE_A = 1;
const TYPE_AAAA = 28;
const TYPE_TXT = 16;
const TYPE_MX = 15;
const TYPE_CNAME = 5;
export type DnsType = 'A' | 'AAAA' | 'TXT' | 'MX' | 'CNAME';
const TYPES: Readonly<Record<number, DnsType>> = {
  ...{ [TYPE_A]: 'A', [TYPE_AAAA]: 'AAAA', [TYPE_TXT]: 'TXT', [TYPE_MX]: 'MX', [TYPE_CNAME]: 'CNAME' },
};
const RCODES = { absent: 3, failing: 2 } as const;

export async function startDnsServer(reply: (name: string, type: DnsType) => DnsReply): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const { name, end } = nameAt(question, 12);
    const type = TYPES[question.readUInt16BE(end)] ?? 'A';
    asked.push(`${type} ${name}`);
    const said = reply(name, type);
    if (said === 'silent') return;
    const answers =
      typeof said === 'string' ? [] : said.filter((one) => !type.startsWith('A') || isIPv6(one) === (type === 'AAAA'));
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (typeof said === 'string' ? RCODES[said] : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([header, question.subarray(12, end + 4), ...answers.map(RECORDS[type])]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    at: `127.0.0.1:${socket.address().port}`,
    asked,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function nameAt(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** Of the name that was asked for, valid for a minute. */
function recordOf(address: string): Buffer {
  const octets = isIPv6(address) ? octetsOfIpv6(address) : address.split('.').map(Number);
  const head = Buffer.from([0xc0, 12, 0, isIPv6(address) ? TYPE_AAAA : TYPE_A, 0, 1, 0, 0, 0, 60, 0, octets.length]);
  return Buffer.concat([head, Buffer.from(octets)]);
}

function record(type: number, data: Buffer): Buffer {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255]);
  return Buffer.concat([head, data]);
}

/** In strings of 255 octets. */
function textRecordOf(text: string): Buffer {
  const strings = Buffer.from(text)
    .toString('latin1')
    .match(/[\s\S]{1,255}/g);
  return record(
    TYPE_TXT,
    Buffer.concat(
      (strings ?? ['']).map((one) => Buffer.concat([Buffer.from([one.length]), Buffer.from(one, 'latin1')])),
    ),
  );
}

function nameOctets(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

/** `10 mx.example.com`. */
function mailRecordOf(text: string): Buffer {
  const [priority = '', name = ''] = text.split(' ');
  return record(TYPE_MX, Buffer.concat([Buffer.from([0, Number(priority)]), nameOctets(name)]));
}

const RECORDS: Readonly<Record<DnsType, (text: string) => Buffer>> = {
  ...{ A: recordOf, AAAA: recordOf, TXT: textRecordOf, MX: mailRecordOf },
  CNAME: (name) => record(TYPE_CNAME, nameOctets(name)),
};

function octetsOfIpv6(address: string): readonly number[] {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail)];
  const middle = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...middle, ...after].map((group) => Number.parseInt(group, 16)).flatMap((n) => [n >> 8, n & 255]);
}
