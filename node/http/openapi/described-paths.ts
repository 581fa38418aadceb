// Every path that the document knows, by subject, in the order in which they are shown.
import { addressToolPaths } from './address-tools.ts';
import { agentPaths } from './agents.ts';
import { compatPaths } from './compat.ts';
import { documentPaths } from './documents.ts';
import { emailPaths } from './email.ts';
import { indexPaths } from './email-index.ts';
import { conflictPaths, keyPaths, nodePaths } from './node.ts';
import type { PathGroup } from './operation.ts';
import { webhookPaths } from './webhooks.ts';

/** Every path of the API with what it takes and answers, in the order in which the document shows them. */
export const PATH_GROUPS: readonly PathGroup[] = [
  indexPaths,
  agentPaths,
  webhookPaths,
  emailPaths,
  addressToolPaths,
  conflictPaths,
  keyPaths,
  nodePaths,
  documentPaths,
  compatPaths,
];
