// The guide to email agents after which the mailbox is made: its chapters, and the samples of code in each, in their order, by the headings that
// they stand under. Where samples share a heading, a word says which one it is.
import { type AgentMailClient, AgentMailClient as Client } from 'agentmail';
import type { HostProcess } from '../../scripts/host-process.ts';
import { Postfix } from '../../scripts/postfix.ts';
import { liveMailbox, mailOf } from './live-mailbox.ts';
import { accountsFile } from './proof-world.ts';
import { SmtpTalk } from './smtp-talk.ts';

export const GUIDE = [
  { chapter: 1, title: 'Email as the Universal Communication Protocol', samples: [] },
  { chapter: 2, title: 'Email as Identity, Memory, and Audit Trail', samples: [] },
  { chapter: 3, title: 'Agent Email Infrastructure (How It Differs from Human Email)', samples: [] },
  {
    chapter: 4,
    title: 'Inbox Creation and Lifecycle Management',
    samples: [
      ...['Creating inboxes', 'Custom usernames', 'Idempotent creation'],
      ...['Listing and retrieving', 'Deleting inboxes', 'Inbox API keys'],
    ],
  },
  {
    chapter: 5,
    title: 'Sending: Deliverability, Formatting, Threading',
    samples: ['Basic sending', 'HTML content', 'Multiple recipients', 'Labels on send', 'Threading'],
  },
  {
    chapter: 6,
    title: 'Receiving: Webhooks, WebSockets, and When to Poll',
    samples: [
      ...['Webhooks: registering', 'Webhooks: receiving', 'WebSockets: Python', 'WebSockets: TypeScript'],
      'When polling is acceptable',
    ],
  },
  {
    chapter: 7,
    title: 'Thread Management and Conversation State',
    samples: [
      ...['Retrieving threads', 'Retrieving threads: of an inbox', 'Deleting threads'],
      'Thread state via labels',
    ],
  },
  {
    chapter: 8,
    title: 'Labels as a State Machine',
    samples: ['How labels work', 'Labels as workflow states', 'Labels as workflow states: a query'],
  },
  {
    chapter: 9,
    title: 'Drafts and Scheduled Sending',
    samples: [
      ...['Creating drafts', 'Scheduled sending', 'Managing drafts', 'Managing drafts: of the organization'],
      'Sending a draft',
    ],
  },
  {
    chapter: 10,
    title: 'Attachments and Rich Content',
    samples: [
      ...['Sending attachments', 'Receiving attachments', 'Receiving attachments: by thread'],
      'Raw message access',
    ],
  },
  { chapter: 11, title: 'Allow and Block Lists', samples: [] },
  { chapter: 12, title: 'One Inbox per Agent vs Shared Inboxes', samples: [] },
  {
    chapter: 13,
    title: 'Multi-Tenant Email with Pods',
    samples: ['Why Pods matter', 'Per-pod API keys', 'Pod lifecycle'],
  },
  { chapter: 14, title: 'Agent-to-Agent Communication over Email', samples: [] },
  { chapter: 15, title: 'Human-in-the-Loop Patterns', samples: [] },
  { chapter: 16, title: 'Error Handling and Retry Strategies', samples: [] },
  { chapter: 17, title: 'Deliverability for Non-Human Senders', samples: [] },
  { chapter: 18, title: 'Rate Limiting and Warm-Up', samples: [] },
  { chapter: 19, title: 'Monitoring and Observability', samples: [] },
  { chapter: 20, title: 'Security: SPF, DKIM, DMARC for Agents', samples: [] },
  { chapter: 21, title: 'Use Cases in Production', samples: [] },
] as const satisfies readonly Chapter[];

interface Chapter {
  readonly chapter: number;
  readonly title: string;
  readonly samples: readonly string[];
}

/** A sample, as a program of AgentMail's client has it, and what is expected of it. */
export type Sample = (world: GuideWorld) => Promise<void>;
/** What the guide says without code, by the heading under which it does. */
export type Promises = Readonly<Record<string, Sample>>;
/** One for each sample of a chapter. */
export type SamplesOf<N extends number> = Readonly<
  Record<Extract<(typeof GUIDE)[number], { readonly chapter: N }>['samples'][number], Sample>
>;

export interface GuideWorld extends AsyncDisposable {
  readonly client: AgentMailClient;
  readonly host: HostProcess;
  readonly apiKey: string;
  /** What takes the mail for people: bob, ann and catch at mail.example.com. */
  readonly postfix: Postfix;
  /** The inbox of that name at agents.example.com, which another sample may have, too. */
  inbox(username: string): Promise<string>;
  /** The same client with another key. */
  withKey(apiKey: string): AgentMailClient;
  /** A mail of Jane's comes in; `lines`: header fields, an empty line, the body. Answers its Message-ID, and its octets. */
  receive(inboxId: string, subject: string, ...lines: readonly string[]): Promise<{ messageId: string; mail: string }>;
  /** Any mail comes in, from the same machine; answers what SMTP says. */
  hand(inboxId: string, mail: string): Promise<string>;
  /** What SMTP answers to who writes to that address. */
  recipient(address: string): Promise<string>;
}

/** A node of its own, which sends through a real Postfix. */
export async function guideWorld(): Promise<GuideWorld> {
  await using stack = new AsyncDisposableStack();
  const postfix = stack.use(await Postfix.start());
  const live = stack.use(await liveMailbox('--send-accounts', accountsFile(stack, postfix)));
  const { client, host, smtp } = live;
  const owned = stack.move();
  let mails = 0;
  const talkTo = async (address: string) => {
    const talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com');
    await talk.say('MAIL FROM:<jane@y.com>');
    return { talk, answer: await talk.say(`RCPT TO:<${address}>`) };
  };
  const hand = async (address: string, mail: string) => {
    const { talk, answer } = await talkTo(address);
    await using _talk = talk;
    return (answer.startsWith('250') ? (await talk.mail(mail))[0] : answer) ?? '';
  };
  return {
    ...{ client, host, postfix, hand, apiKey: live.apiKey },
    inbox: async (username) => (await client.inboxes.create({ username, clientId: `guide-${username}` })).inboxId,
    withKey: (apiKey) => new Client({ apiKey, baseUrl: host.url }),
    receive: async (inboxId, subject, ...lines) => {
      mails += 1;
      const messageId = `<guide-${mails}@y.com>`;
      const mail = mailOf(messageId, subject, ...lines);
      const answer = await hand(inboxId, mail);
      if (!answer.startsWith('250')) throw new Error(`The mail was refused: ${answer}`);
      return { messageId, mail };
    },
    recipient: async (address) => {
      const { talk, answer } = await talkTo(address);
      await using _talk = talk;
      return answer;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
