// What the pages of inboxes are made from: the services that the routes ask, too.
import type { PartServices } from '../../page/page.ts';
import type { Organization } from '../inbox.ts';
import type { Domains } from '../org/domains.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Pods } from '../org/pods.ts';
import type { Standings } from '../org/standings.ts';
import type { Drafts } from '../out/drafts.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import type { AttachmentLinks } from '../routes/files.ts';

export interface MailboxPageServices extends PartServices {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly inboxes: Pick<Inboxes, 'get' | 'list' | 'search'>;
  readonly pods: Pick<Pods, 'find' | 'list' | 'domainOf'>;
  readonly domains: Pick<Domains, 'list' | 'get' | 'add' | 'remove' | 'shown' | 'zoneFile' | 'verify'>;
  readonly standings: Pick<Standings, 'faultOf'>;
  readonly drafts: Pick<Drafts, 'change' | 'send' | 'remove'>;
  readonly links: Pick<AttachmentLinks, 'to' | 'toPart' | 'toDraftFile'>;
  readonly organization: () => Promise<Organization>;
}
