// What the checks look at: the settings, hosts.json, and what the hosts answered. Gathered once, so that no check asks anybody twice.

import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { NodeClient } from '../cli/node-client.ts';
import type { SendConfig } from '../send/account.ts';
import type { Config, Secrets } from '../settings.ts';
import type { Resolver } from '../validation/deliverability.ts';
import type { Contact } from './contact.ts';
import { type Finding, word } from './fault.ts';
import type { SmtpTrial } from './smtp-trial.ts';

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export interface Examination {
  readonly config: Config;
  readonly secrets: Secrets;
  /** What was typed for the settings of this machine's node, by their names; absent: nothing was. */
  readonly flags?: Flags;
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

/** The command that starts a host; that of this machine by the flags that were typed for it. */
export function startOf(id: HostId, { roster, flags = {} }: Pick<Examination, 'roster' | 'flags'>): string {
  const typed: Flags = id === roster?.self.id ? { ...flags, host: id } : { host: id };
  const words = Object.entries(typed).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name} ${word(String(value))}`],
  );
  return ['npx mesh start', ...words].join(' ');
}

/** Each check looks at one thing, and is silent where it sees nothing wrong. */
export type Check = (examination: Examination) => Promise<readonly Finding[]> | readonly Finding[];
