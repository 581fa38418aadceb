// What is left of a body as the original's clients send it.
import { describe, expect, it } from 'vitest';
import { understoodBody } from '../../../node/compat/create-body.ts';

describe('the body of an agent that is created', () => {
  it('loses what only the original knows, a sentence each', () => {
    const { body, warnings } = understoodBody({ name: 'puck', program: 'claude', tags: [], metadata: { a: 'b' } });
    expect(body).toEqual({ name: 'puck', metadata: { a: 'b' } });
    expect(warnings).toEqual([
      "'program' means nothing here and was left out.",
      "'tags' means nothing here and was left out.",
    ]);
  });

  it.each<[string, object, unknown]>([
    ['its alias, where it has no name', { alias: 'puck' }, { name: 'puck' }],
    ['its name, beside an alias', { alias: 'puck', name: 'robin' }, { name: 'robin' }],
    ['no name, where the alias is no text', { alias: 5 }, {}],
  ])('is called by %s', (_, given, expected) => {
    expect(understoodBody(given).body).toEqual(expected);
  });

  it('loses such members further in, and keeps the others', () => {
    const { body, warnings } = understoodBody({
      name: 'puck',
      tools: {
        session: {},
        email: { address: 'a@x.com', provider: 'local', enabled: true, addresses: [] },
        calendar: 1,
      },
    });
    expect(body).toEqual({ name: 'puck', tools: { email: { enabled: true, addresses: [] }, calendar: 1 } });
    expect(warnings.map((one) => one.split("'")[1])).toEqual([
      'tools.session',
      'tools.email.address',
      'tools.email.provider',
    ]);
  });

  it('keeps what neither of the two knows, which the schema then refuses', () => {
    expect(understoodBody({ nmae: 'puck', tools: { email: { adresses: [] } } })).toEqual({
      body: { nmae: 'puck', tools: { email: { adresses: [] } } },
      warnings: [],
    });
  });

  it.each([undefined, null, 'text', 5, [1], { tools: 'none' }, { tools: {} }, { tools: { email: null } }])(
    'is left as it is: %j',
    (given) => {
      expect(understoodBody(given)).toStrictEqual({ body: given, warnings: [] });
    },
  );

  it('that was given is not changed', () => {
    const given = { alias: 'puck', tools: { session: 1, email: { address: 'a@x.com' } } };
    const before = structuredClone(given);
    understoodBody(given);
    expect(given).toEqual(before);
  });
});
