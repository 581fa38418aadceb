// All checks, in the order in which a person mends: what keeps a node from starting first.
import { checkClocks } from './checks/clocks.ts';
import { checkDataDirectory } from './checks/data-directory.ts';
import { checkDiskSpace } from './checks/disk-space.ts';
import { checkHostsFile } from './checks/hosts-file.ts';
import { checkIdentities } from './checks/identities.ts';
import { checkMailAccounts } from './checks/mail-accounts.ts';
import { checkMailboxDomain } from './checks/mailbox-domain.ts';
import { checkNames } from './checks/names.ts';
import { checkOwnNode } from './checks/own-node.ts';
import { checkProxy } from './checks/proxy.ts';
import { checkReach } from './checks/reach.ts';
import { checkSecrets } from './checks/secrets.ts';
import { checkSendingDomains } from './checks/sending-domains.ts';
import { checkSettings } from './checks/settings.ts';
import { checkVersions } from './checks/versions.ts';
import { checkVoters } from './checks/voters.ts';
import type { Check } from './examination.ts';

export const CHECKS: readonly Check[] = [
  checkSettings,
  checkHostsFile,
  checkDataDirectory,
  checkDiskSpace,
  checkNames,
  checkReach,
  checkProxy,
  checkClocks,
  checkIdentities,
  checkSecrets,
  checkVersions,
  checkVoters,
  checkOwnNode,
  checkMailAccounts,
  checkMailboxDomain,
  checkSendingDomains,
];
