import { expect, it } from 'vitest';
import { wayFromOutside } from '../../../../node/http/gate/proxies.ts';

const HERE = 'http://127.0.0.1:23000';

function way(headers: Readonly<Record<string, string>>, url = HERE): string | undefined {
  const visitor = { method: 'POST', path: '/api/agents', header: (name: string) => headers[name] };
  return wayFromOutside({ ...visitor, headerNames: () => Object.keys(headers) }, url);
}

it.each(['127.0.0.1:23000', '[::1]:23000', 'localhost:23000', 'mesh.localhost'])(
  'a request to %s that no proxy passed on shows nothing',
  (host) => expect(way({ host, accept: '*/*', 'x-forward': 'no' })).toBeUndefined(),
);

it.each([
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-real-ip',
  'cf-connecting-ip',
  'x-amzn-trace-id',
])('a proxy shows by %s', (name) =>
  expect(way({ host: 'localhost:23000', [name]: 'x' })).toContain(`a proxy, which added '${name}'`),
);

it('a name shows that is none of this machine', () => {
  expect(way({ host: 'mac.example.com' })).toBe("this request calls it 'mac.example.com'");
});

it('hosts.json shows it, whatever the request is', () => {
  expect(way({ host: 'localhost' }, 'https://mac.example.com')).toBe(
    'hosts.json says that it is reached at https://mac.example.com',
  );
});
