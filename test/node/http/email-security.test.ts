// The list of injection and smuggling cases, from the HTTP door to the receiving server: refused, or on the wire as one message
// with the headers and recipients it was asked for.
import { describe, expect, it } from 'vitest';
import security from '../../data/send-security.json' with { type: 'json' };
import { account, sendConfig } from '../../support/mail.ts';
import { RawSmtp } from '../../support/raw-smtp.ts';
import { testNode } from '../../support/test-node.ts';

const HEADERS = [
  'From',
  'To',
  'Subject',
  'Message-ID',
  'Date',
  'Content-Transfer-Encoding',
  'MIME-Version',
  'Content-Type',
];

async function world() {
  const server = await RawSmtp.start();
  const node = await testNode({
    send: sendConfig({ accounts: [account({ port: server.port, ratePerHour: 10_000 })], agentRatePerHour: 10_000 }),
  });
  node.node.start();
  await node.ask('POST', '/api/agents', {
    id: 'ann',
    name: 'ann',
    tools: { email: { addresses: [{ address: 'ann@mail.example.com' }] } },
  });
  const send = (parts: Record<string, unknown>) =>
    node.ask('POST', '/api/email/send?wait=true', {
      agentId: 'ann',
      to: 'bob@mail.example.com',
      subject: 'x',
      body: 'x',
      ...parts,
    });
  return { server, send };
}

/** Where a caller can put text that ends up in a line of the message or of the dialogue. */
const PLACES: Readonly<Record<string, (payload: string) => Record<string, unknown>>> = {
  subject: (payload) => ({ subject: `a${payload}` }),
  'from.name': (payload) => ({ from: { name: `a${payload}`, address: 'ann@mail.example.com' } }),
  'from.address': (payload) => ({ from: `ann@mail.example.com${payload}` }),
  'to.name': (payload) => ({ to: [{ name: `a${payload}`, address: 'bob@mail.example.com' }] }),
  'to(string)': (payload) => ({ to: `Bob${payload} <bob@mail.example.com>` }),
  'to.address': (payload) => ({ to: [{ address: `bob@mail.example.com${payload}` }] }),
  cc: (payload) => ({ cc: `bob@mail.example.com${payload}` }),
  bcc: (payload) => ({ bcc: `bob@mail.example.com${payload}` }),
  replyTo: (payload) => ({ replyTo: `bob@mail.example.com${payload}` }),
  inReplyTo: (payload) => ({ inReplyTo: `<a@b.example.com>${payload}` }),
  references: (payload) => ({ references: [`<a@b.example.com${payload}>`] }),
  'header value': (payload) => ({ headers: { 'X-A': `a${payload}` } }),
  'header key': (payload) => ({ headers: { [`X-A${payload}`]: 'a' } }),
  'attachment filename': (payload) => ({ attachments: [{ filename: `a${payload}`, content: 'eA==' }] }),
  'attachment contentType': (payload) => ({
    attachments: [{ filename: 'a', content: 'eA==', contentType: `text/plain${payload}` }],
  }),
};

describe('a line that a caller would like to add', () => {
  it.each(Object.keys(PLACES))('by %s is refused, and the server hears nothing of it', async (place) => {
    const { server, send } = await world();
    for (const payload of Object.values(security.payloads)) {
      const { status, body } = await send(PLACES[place]?.(payload) ?? {});
      expect([status, typeof (body as { field?: string }).field]).toEqual([400, 'string']);
    }
    expect([server.heard, server.taken]).toEqual([[], []]);
    await server[Symbol.asyncDispose]();
  });
});

describe('a message that a caller would like to smuggle', () => {
  it.each(security.smuggling_sequences)('behind %j stays a text in the one that is sent', async (sequence) => {
    const { server, send } = await world();
    for (const member of ['body', 'html', 'payload']) {
      const before = server.taken.length;
      const { status, body } = await send({ [member]: `a${sequence}${security.smuggled_tail}` });
      if (status === 400) {
        expect((body as { field: string }).field).toBe(member);
        continue;
      }
      expect([status, (body as { state: string }).state]).toEqual([200, 'sent']);
      const [mail, ...more] = server.taken.slice(before);
      expect([mail?.from, mail?.to, more]).toEqual(['ann@mail.example.com', ['bob@mail.example.com'], []]);
      expect(mail?.data).not.toMatch(/[^\r]\n|\r[^\n]/);
      const names = mail?.data
        .split('\r\n\r\n')[0]
        ?.split('\r\n')
        .filter((line) => /^[^\s:]+:/.test(line))
        .map((line) => line.split(':')[0]);
      if (member === 'body') expect(names).toEqual(HEADERS);
      else expect(names).not.toContain('X-Injected');
    }
    expect(server.heard.filter((line) => /^(?:MAIL|RCPT)/.test(line) && !/ann@|bob@/.test(line))).toEqual([]);
    await server[Symbol.asyncDispose]();
  });
});
