// The settings of the mailbox. They stand outside of its room, of which nothing is read where there is none.
import { isIP } from 'node:net';
import { parseAnyAddress } from '../mesh/address/identity.ts';
import { type Given, readSwitch, type Setting } from './setting-values.ts';

export const MAILBOX_SETTINGS: readonly Setting[] = [
  { name: 'mailbox', help: 'keep inboxes for agents, at /v0 (node/mailbox/README.md); unset: there are none' },
  {
    name: 'mailbox-domain',
    takes: 'DOMAIN',
    help: 'the domain of inboxes that are made without one: agents.example.com; unset: each must name its own',
  },
];

export interface MailboxConfig {
  /** In lower case. */
  readonly domain: string | undefined;
}

/** `undefined`: there is no mailbox. */
export function readMailbox(given: Given, mistakes: string[]): MailboxConfig | undefined {
  const isOn = readSwitch('mailbox', given, mistakes);
  const domain = given('mailbox-domain');
  if (domain === undefined) return isOn ? { domain: undefined } : undefined;
  const text = domain.text.trim().toLowerCase();
  if (isIP(text) > 0 || !parseAnyAddress(`a@${text}`).valid)
    mistakes.push(`${domain.by} must be a domain, like agents.example.com, not '${domain.text}'`);
  if (!isOn) mistakes.push(`${domain.by} has an effect only with --mailbox; add that, or leave this out`);
  return isOn ? { domain: text } : undefined;
}
