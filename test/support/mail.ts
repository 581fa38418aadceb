// Builders for tests of sending: an account, a content, a message on its way.
import type { AgentId } from '../../mesh/names.ts';
import { type Account, SENDING_OFF, type SendConfig } from '../../node/send/account.ts';
import type { MessageContent } from '../../node/send/message.ts';

export const A1 = 'a1' as AgentId;

export function account(parts: Partial<Account> = {}): Account {
  return {
    id: 'main',
    host: '127.0.0.1',
    port: 25,
    security: 'none',
    senders: [],
    connectionsMax: 2,
    ratePerHour: 100,
    ...parts,
  };
}

export function sendConfig(parts: Partial<SendConfig> = {}): SendConfig {
  return { ...SENDING_OFF, accounts: [account()], ...parts };
}

export function content(parts: Partial<MessageContent> = {}): MessageContent {
  return {
    from: { name: 'Ann', address: 'ann@mail.example.com' },
    to: [{ name: '', address: 'bob@mail.example.com' }],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: 'Hello',
    text: 'Hello, Bob.\r\n',
    headers: [],
    attachments: [],
    messageId: '<1@mail.example.com>',
    references: [],
    ...parts,
  };
}
