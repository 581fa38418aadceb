// What frameworks are told of the tools is what requests are checked against.
import { describe, expect, it } from 'vitest';
import { inputSchemaOf, TOOLS, type Tool } from '../../../node/send/agent-tools.ts';
import { sendRequest } from '../../../node/send/request/request.ts';

const schemaOf = (name: Tool['name']) =>
  inputSchemaOf(TOOLS.find((tool) => tool.name === name) as Tool) as {
    properties: Record<
      string,
      { type?: unknown; description?: string; maxLength?: number; items?: { properties: object } }
    >;
    required: string[];
    additionalProperties: boolean;
  };

describe('the schema of send_email', () => {
  it('has every field of a request but the waiting, bounds too, and no other', () => {
    const { properties, required, additionalProperties } = schemaOf('send_email');
    expect(Object.keys(properties).sort()).toEqual(
      Object.keys(sendRequest.shape)
        .filter((name) => name !== 'wait')
        .sort(),
    );
    expect([required, additionalProperties]).toEqual([['to', 'subject'], false]);
    expect(properties.subject?.maxLength).toBe(997);
    expect(Object.keys(properties.attachments?.items?.properties ?? {}).sort()).toEqual([
      'blob',
      'content',
      'contentType',
      'filename',
    ]);
  });

  it.each(['to', 'cc', 'bcc', 'replyTo'])('says of %s that it is a text, an object or a list', (name) => {
    expect(schemaOf('send_email').properties[name]?.type).toEqual(['string', 'object', 'array']);
  });
});

describe('every tool', () => {
  it.each(TOOLS.map((tool) => [tool.name, tool] as const))(
    '%s says what each argument is, and takes no other',
    (name) => {
      const { properties, additionalProperties } = schemaOf(name);
      expect(additionalProperties).toBe(false);
      for (const [argument, { type, description }] of Object.entries(properties))
        if (argument !== 'payload')
          expect([argument, type, description]).toEqual([argument, expect.anything(), expect.any(String)]);
    },
  );
});
