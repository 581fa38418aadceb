// What the checks look at: the settings, hosts.json, and what the hosts answered. Gathered once, so that no check asks anybody twice.
import type { Clock } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { NodeClient } from '../cli/node-client.ts';
import type { SendConfig } from '../send/account.ts';
import type { Config, Secrets } from '../settings.ts';
import type { Resolver } from '../validation/deliverability.ts';
import type { Contact } from './contact.ts';
import type { Finding } from './fault.ts';
import type { SmtpTrial } from './smtp-trial.ts';

export interface Examination {
  readonly config: Config;
  readonly secrets: Secrets;
  /** The version of this program. */
  readonly version: string;
  /** hosts.json with an absolute path. */
  readonly hostsFile: string;
  /** The data directory with an absolute path. */
  readonly directory: string;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** The user whom files must belong to. */
  readonly user: number | undefined;
  /** hosts.json as this machine has it; absent when it can't be read. */
  readonly roster?: Roster;
  /** What each enabled host of hosts.json answered, this one among them. */
  readonly contacts: readonly Contact[];
  readonly resolve: (name: string) => Promise<readonly { readonly address: string }[]>;
  /** The node of this machine, with the token of the settings; absent when it does not answer. */
  readonly own?: OwnNode;
  /** The servers that tell the mailbox who may send a mail, where it has its own. */
  readonly dns: Resolver;
  readonly trySmtp: SmtpTrial;
  readonly send: () => SendConfig;
}

/** What the running node of this machine says. */
export interface OwnNode {
  readonly url: string;
  readonly call: NodeClient;
}

/** Hosts that answered as hosts of a mesh do. */
export function answering({ contacts }: Pick<Examination, 'contacts'>): readonly Contact[] {
  return contacts.filter(({ health }) => health?.status === 200);
}

/** Each check looks at one thing, and is silent where it sees nothing wrong. */
export type Check = (examination: Examination) => Promise<readonly Finding[]> | readonly Finding[];
