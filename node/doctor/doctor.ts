// Looks at a host and its mesh from outside, whether its node runs or not, and says what is wrong and how it is mended. It changes nothing.
import { Agent, type Dispatcher } from 'undici';
import { MeshError } from '../../mesh/errors.ts';
import { parseRoster } from '../../mesh/hosts-json.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';
import { createNodeClient } from '../cli/node-client.ts';
import { createDnsResolver } from '../dns/dns-resolver.ts';
import { KnownAddresses } from '../dns/known-addresses.ts';
import { createNameResolver } from '../dns/name-resolver.ts';
import { socketBy } from '../dns/named-socket.ts';
import { readCertificates } from '../machine/certificates.ts';
import { readPrivateFile } from '../machine/private-file.ts';
import { createCallOnce } from '../peers/connections/call-once.ts';
import { createHelloAsker } from '../peers/keys/hello-question.ts';
import { AccessTokens } from '../send/accounts/access-tokens.ts';
import { readSendConfig } from '../send/accounts/accounts-file.ts';
import { systemClock } from '../system/clock.ts';
import { HostsFile } from '../system/hosts-file.ts';
import { systemRandom } from '../system/random.ts';
import { createPostForm } from '../system/token-form.ts';
import { unreadable } from './checks/hosts-file.ts';
import { CHECKS } from './checks.ts';
import { contact } from './contact.ts';
import type { Check, Examination, Flags, OwnNode } from './examination.ts';
import type { Finding } from './fault.ts';

export interface Patient {
  readonly config: Examination['config'];
  readonly secrets: Examination['secrets'];
  readonly flags: Flags;
  readonly version: string;
  readonly hostsFile: string;
  readonly directory: string;
  readonly hostName: string;
  /** What a client shows: the token of the settings. */
  readonly token: string | undefined;
  /** Where the node is asked, when hosts.json can't say it. */
  readonly url: string;
  readonly stop: AbortSignal;
}

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** Hosts of hosts.json that were asked. */
  readonly asked: readonly HostId[];
}

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Rejects only for a bug: what can't be looked at is a finding. */
export async function examine(patient: Patient): Promise<Diagnosis> {
  await using stack = new AsyncDisposableStack();
  const addresses = new KnownAddresses(createNameResolver({ clock: systemClock }), systemClock);
  const dispatcher = stack.adopt(new Agent({ connect: { lookup: addresses.lookup } }), (agent) => agent.destroy());
  const post = stack.use(createPostForm(addresses.lookup, systemClock));
  const { config, secrets } = patient;
  const read = await readRoster(patient);
  const contacts = 'fault' in read ? [] : await contactsOf(read.roster, patient, { addresses, dispatcher });
  const own = await ownNode(patient, 'fault' in read ? patient.url : read.roster.self.url, dispatcher);
  const tokens = new AccessTokens(post, systemClock);
  const { createSmtpTrial } = await import('./smtp-trial.ts');
  const examination: Examination = {
    ...{
      config,
      secrets,
      flags: patient.flags,
      version: patient.version,
      hostsFile: patient.hostsFile,
      directory: patient.directory,
    },
    ...{ clock: systemClock, user: process.geteuid?.(), contacts },
    ...('fault' in read ? {} : { roster: read.roster }),
    ...(own === undefined ? {} : { own }),
    resolve: (name) => addresses.addressesOf(name),
    dns: createDnsResolver(systemClock, config.mailbox?.dns),
    send: () =>
      readSendConfig({ file: config.sendAccounts, url: secrets.smtpUrl }, { readPrivateFile, readCertificates }),
    trySmtp: createSmtpTrial({
      socketTo: (name) => socketBy(addresses.lookup, name),
      secretOf: (account) => tokens.secretOf(account),
    }),
  };
  const broken = 'fault' in read ? [unreadable(patient.hostsFile, read.fault, own?.url)] : [];
  return {
    findings: [...broken, ...(await findingsOf(CHECKS, examination))],
    asked: contacts.map(({ host }) => host.id),
  };
}

/** In the order of the checks. */
async function findingsOf(checks: readonly Check[], examination: Examination): Promise<readonly Finding[]> {
  return (await Promise.all(checks.map((check) => check(examination)))).flat();
}

async function readRoster({
  hostsFile,
  config,
  hostName,
}: Patient): Promise<{ readonly roster: Roster } | { readonly fault: string }> {
  try {
    return { roster: parseRoster(await new HostsFile(hostsFile, QUIET).read(), { id: config.host, hostName }) };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return { fault: error.message };
  }
}

function contactsOf(
  roster: Roster,
  { secrets }: Patient,
  { addresses, dispatcher }: { readonly addresses: KnownAddresses; readonly dispatcher: Dispatcher },
) {
  const hello = createHelloAsker({
    ...{ self: roster.self.id, clock: systemClock, random: systemRandom, callOnce: createCallOnce(addresses) },
    secret: secrets.meshSecret?.reveal(),
  });
  const hosts = roster.hosts.filter(({ enabled }) => enabled);
  return Promise.all(hosts.map((host) => contact(host, { clock: systemClock, hello, dispatcher })));
}

/** The node of this machine, when one answers. */
async function ownNode({ token, stop }: Patient, url: string, dispatcher: Dispatcher): Promise<OwnNode | undefined> {
  const call = createNodeClient({ url, token, clock: systemClock, stop, dispatcher });
  try {
    await call('GET', '/health');
    return { url, call };
  } catch (error) {
    // Why it does not answer is said by the checks of all hosts.
    void error;
    return undefined;
  }
}
