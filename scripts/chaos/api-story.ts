// Every operation of a single host, asked in an order in which each succeeds, as the API's document has it: a mail that left, one that was refused and
// one that waits, a delivery that a receiver took, an address that was conceded. Nothing of it is left to chance: what is asked at random after it
// depends on how fast the host answers, for ids are learnt from answers.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import type { AddressKey } from '../../mesh/names.ts';
import { type AddressConflict, conflictWrite } from '../../node/conflicts/conflict-records.ts';
import { openStore } from '../../node/store/disk-store.ts';
import type { Told } from '../../test/support/api-fuzzer.ts';

/** Asks one operation, by its id. */
export type Tell = (id: string, told?: Told) => Promise<unknown>;

const POLL_MS = 50;
/** Until what a host does by itself is done, on a busy machine. */
const DONE_MS_MAX = 60_000;
const TITANIA = 'titania@mail.example.com';
const IAC = 'iac@mail.example.com';
const CONCEDED = 'lost@mail.example.com';
const OTHER = 'eve@mail.example.com';
/** Mail to it is refused for good. */
const REFUSED = 'nobody@mail.example.com';
const DAY_MS = 86_400_000;

/** An SMTP server and a receiver of webhooks, for one host. */
export interface Surroundings extends AsyncDisposable {
  /** The accounts file's content. */
  readonly accounts: object;
  readonly receiver: string;
}

export async function surroundings(): Promise<Surroundings> {
  const smtp = new SMTPServer({
    ...{ authOptional: true, logger: false, disabledCommands: ['STARTTLS'] },
    onRcptTo: ({ address }, _, done) =>
      done(address === REFUSED ? Object.assign(new Error('No such user here'), { responseCode: 550 }) : null),
    onData: (stream, _, done) => stream.on('end', () => done()).resume(),
  });
  const receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  smtp.listen(0, '127.0.0.1');
  receiver.listen(0, '127.0.0.1');
  await Promise.all([once(smtp.server, 'listening'), once(receiver, 'listening')]);
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
  const account = { id: 'own', host: '127.0.0.1', port: portOf(smtp.server), security: 'none', ratePerHour: 1_000_000 };
  return {
    accounts: { accounts: [account], agentRatePerHour: 1_000_000 },
    receiver: `http://127.0.0.1:${portOf(receiver)}/hooks`,
    async [Symbol.asyncDispose]() {
      receiver.closeAllConnections();
      await Promise.all([
        new Promise<void>((closed) => smtp.close(() => closed())),
        new Promise<void>((closed) => receiver.close(() => closed())),
      ]);
    },
  };
}

/** Before the host's first start: an address of its agent that another host was given. */
export async function concedeAddress(dataDirectory: string): Promise<void> {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const store = await openStore({ directory: dataDirectory, log: quiet });
  const at = new Date(Date.now() - DAY_MS).toISOString();
  const owner = { hostId: 'cloud', agentId: 'p1', agentName: 'puck', claimId: claimId(2), since: at };
  const own = {
    address: CONCEDED,
    agentId: 't1',
    agentName: 'titania',
    claimId: claimId(1),
    since: at,
    primary: false,
  };
  const conflict = { key: CONCEDED, ...own, owner, foundAt: at } as unknown as AddressConflict;
  await store.commit([conflictWrite(CONCEDED as AddressKey, conflict)]);
  await store.close();
}

function claimId(number: number): string {
  return `0d0b7f6e-5d0c-4e53-8f3c-${String(number).padStart(12, '0')}`;
}

/** What can be asked of any host, whatever it holds. */
const ALWAYS = [
  ...[
    'getConfig',
    'getDiagnosis',
    'getDirectory',
    'getDocument',
    'getHealth',
    'getIdentity',
    'getMetrics',
    'getReadiness',
  ],
  ...['listAgents', 'listHosts', 'listTools', 'lookUp', 'verifyLog'],
];

/** Rejects when something does not come about. */
export async function tellStory(tell: Tell, { receiver }: Pick<Surroundings, 'receiver'>): Promise<void> {
  for (const id of ALWAYS) await tell(id);
  await ofAgents(tell);
  await ofPeers(tell);
  await ofWebhooks(tell, receiver);
  await ofMail(tell);
  await ofOperators(tell);
}

async function ofAgents(tell: Tell): Promise<void> {
  const t1 = { path: { id: 't1' } };
  await tell('createAgent', {
    body: { id: 't1', name: 'titania', tools: { email: { addresses: [{ address: TITANIA }] } } },
  });
  await tell('getAgent', t1);
  await tell('getAgentByName', { path: { name: 'titania' } });
  await tell('changeAgent', { ...t1, body: { label: 'Queen' } });
  await tell('claimAddress', { ...t1, body: { address: IAC } });
  await tell('listAddresses', t1);
  await tell('getAddress', { path: { id: 't1', address: IAC } });
  await tell('changeAddress', { path: { id: 't1', address: IAC }, body: { primary: true } });
  await tell('releaseAddress', { path: { id: 't1', address: IAC } });
  await tell('listConflicts');
  await tell('resolveConflict', { path: { address: CONCEDED }, body: { keep: 'theirs' } });
  await tell('createAgent', { body: { id: 's1', name: 'snug' } });
  await tell('deleteAgent', { path: { id: 's1' } });
  await tell('getHistory', { query: { address: IAC } });
  await tell('listen', { query: { waitMs: '0' } });
}

async function ofPeers(tell: Tell): Promise<void> {
  const [desk, third] = ['desk', 'third'].map((id) => ({ id, name: id, url: `http://${id}.example.com:23000` }));
  await tell('registerPeer', { body: { host: desk } });
  await tell('exchangePeers', { body: { fromHost: desk, knownHosts: [third] } });
  await tell('inviteHost', { body: {} });
}

async function ofOperators(tell: Tell): Promise<void> {
  await tell('backUp', { body: {} });
  const { key } = (await tell('createKey', { body: { name: 'gateway', scopes: ['read'] } })) as { readonly key: Named };
  await tell('listKeys');
  await tell('revokeKey', { path: { id: key.id } });
}

async function ofWebhooks(tell: Tell, receiver: string): Promise<void> {
  const body = { url: receiver, events: ['agent.created'] };
  const { id } = (await tell('createWebhook', { body })) as Named;
  await tell('getWebhook', { path: { id } });
  await tell('listWebhooks');
  await tell('changeWebhook', { path: { id }, body: { enabled: true } });
  await tell('createAgent', { body: { name: 'puck' } });
  const page = () => tell('listDeliveries', { path: { id } }) as Promise<{ readonly deliveries: readonly Delivery[] }>;
  const taken = await until(page, ({ deliveries }) => deliveries.some(({ status }) => status === 'delivered'));
  const deliveryId = String(taken.deliveries[0]?.seq);
  await tell('getDelivery', { path: { id, deliveryId } });
  await tell('retryDelivery', { path: { id, deliveryId } });
  await tell('replay', { path: { id }, body: { status: 'dead', dryRun: true } });
  await tell('testWebhook', { path: { id } });
  await tell('rotateSecret', { path: { id }, body: {} });
  const other = (await tell('createWebhook', { body: { ...body, url: `${receiver}/other` } })) as Named;
  await tell('deleteWebhook', { path: { id: other.id } });
}

interface Named {
  readonly id: string;
}

interface Delivery {
  readonly seq: number;
  readonly status: string;
}

interface Mail {
  readonly email_id: string;
  readonly state: string;
  readonly messageId: string;
  readonly recipient: string;
}

async function ofMail(tell: Tell): Promise<void> {
  const send = async (to: string, more: object = {}) => {
    const body = { from: TITANIA, to, subject: 'Hello', body: 'From an agent.', ...more };
    return ((await tell('sendEmail', { body })) as Mail).email_id;
  };
  const state = (id: string, wanted: string) =>
    until(
      () => tell('getEmail', { path: { id } }) as Promise<Mail>,
      (mail) => mail.state === wanted,
    );
  const sent = await state(await send('bob@mail.example.com'), 'sent');
  const recipients = [{ address: sent.recipient, status: '5.1.1' }];
  await tell('reportBounce', { body: { messageId: sent.messageId, recipients } });
  const failed = await send(REFUSED);
  await state(failed, 'failed');
  await tell('resendEmail', { path: { id: failed } });
  const waiting = await send('bob2@mail.example.com', { sendAt: new Date(Date.now() + DAY_MS).toISOString() });
  await tell('cancelEmail', { path: { id: waiting } });
  await tell('letAttachmentsGo', { path: { id: waiting } });
  await tell('listEmails');
  await tell('listProviders');
  await tell('explainEmail', { body: { from: TITANIA, to: OTHER, subject: 'Hello', body: 'From an agent.' } });
  await tell('validateAddress', { body: { email: OTHER } });
  await tell('suppress', { body: { address: OTHER, reason: 'opt_out' } });
  await tell('listSuppressions');
  await tell('unsuppress', { path: { address: OTHER } });
  await tell('uploadBlob', { octets: 'Roses, mostly.' });
}

/** Rejects with what it was last. */
async function until<Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  let last: Value | undefined;
  for (const end = performance.now() + DONE_MS_MAX; performance.now() < end; await sleep(POLL_MS)) {
    last = await ask();
    if (isSo(last)) return last;
  }
  throw new Error(`It never came to that: ${JSON.stringify(last).slice(0, 500)}`);
}
