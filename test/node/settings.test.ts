import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../node/secret.ts';
import { parseListen } from '../../node/setting-values.ts';
import { readConfig } from '../../node/settings.ts';

describe('the settings', () => {
  it('have defaults that need nothing', () => {
    expect(readConfig({}, {}).config).toMatchObject({
      hostsFile: './hosts.json',
      dataDirectory: './data',
      host: undefined,
      listen: undefined,
      logLevel: 'info',
      logDays: 7,
    });
  });

  it.each(['0', '-1', '1.5', '3651', 'seven', '1e3', ' 7'])('refuse %j as a number of days', (text) => {
    expect(() => readConfig({}, { MESH_LOG_DAYS: text })).toThrow(
      /MESH_LOG_DAYS must be a whole number from 1 to 3650/,
    );
  });

  it.each(['1', '30', '3650'])('take %s as a number of days', (text) => {
    expect(readConfig({ 'log-days': text }, {}).config.logDays).toBe(Number(text));
  });

  it('take lists of names and of origins', () => {
    const environment = {
      MESH_ALIASES: ' Mesh.example.com, mac_2 ,',
      MESH_ORIGINS: 'https://a.example,http://b.example:81',
    };
    const { aliases, origins } = readConfig({}, environment).config;
    expect(aliases).toEqual(['mesh.example.com', 'mac_2']);
    expect(origins).toEqual(['https://a.example', 'http://b.example:81']);
  });

  it.each([
    ['MESH_ALIASES', 'https://mesh.example.com', 'host names'],
    ['MESH_ALIASES', 'mesh.example.com:443', 'host names'],
    ['MESH_ORIGINS', '*', 'origins'],
    ['MESH_ORIGINS', 'null', 'origins'],
    ['MESH_ORIGINS', 'https://a.example/', 'origins'],
    ['MESH_ORIGINS', 'https://a.example/page', 'origins'],
    ['MESH_ORIGINS', 'https://user@a.example', 'origins'],
    ['MESH_ORIGINS', 'https://a.example:443', 'origins'],
    ['MESH_ORIGINS', 'file:///x', 'origins'],
  ])('refuse %s=%s', (name, text, are) => {
    expect(() => readConfig({}, { [name]: text })).toThrow(new RegExp(`${name} must be ${are}, like .*, not '`));
  });

  it('make a mailbox only where one is wished for, at a domain in lower case', () => {
    expect(readConfig({}, {}).config.mailbox).toBeUndefined();
    expect(readConfig({ mailbox: true }, {}).config.mailbox).toEqual({ domain: undefined });
    const named = { MESH_MAILBOX: 'true', MESH_MAILBOX_DOMAIN: 'Agents.example.com' };
    expect(readConfig({}, named).config.mailbox).toEqual({ domain: 'agents.example.com' });
  });

  it.each(['10.0.0.1', 'a@b.com', 'two words', ''])('refuse %j as the domain of inboxes', (domain) => {
    expect(() => readConfig({ mailbox: true, 'mailbox-domain': domain }, {})).toThrow(
      /--mailbox-domain must be a domain, like agents\.example\.com/,
    );
  });

  it('say where mail for inboxes is taken, by whose certificate, which DNS is asked about it, and how long it is kept', () => {
    const flags = {
      ...{ mailbox: true, 'mailbox-smtp': '0.0.0.0:25', 'mailbox-lmtp': '[::1]:24' },
      ...{
        'mailbox-cert': 'c.pem',
        'mailbox-key': 'k.pem',
        'mailbox-dns': '127.0.0.1:53, ::1',
        'mailbox-retention': '90',
      },
    };
    expect(readConfig(flags, {}).config.mailbox).toEqual({
      ...{ smtp: { ip: '0.0.0.0', port: 25 }, lmtp: { ip: '::1', port: 24 } },
      ...{ certificate: { cert: 'c.pem', key: 'k.pem' }, dns: ['127.0.0.1:53', '::1'] },
      retentionDays: 90,
    });
  });

  it('say what domains shall publish that somebody brings', () => {
    const read = (flags: object) => readConfig({ mailbox: true, ...flags }, {}).config.mailbox?.hostRecords;
    expect(read({})).toBeUndefined();
    expect(read({ 'mailbox-mx': 'MX.example.com.' })).toEqual({ mx: 'mx.example.com', spf: 'v=spf1 mx ~all' });
    const spf = 'v=spf1 include:relay.example -all';
    expect(read({ 'mailbox-mx': 'mx.example.com', 'mailbox-spf': spf })).toEqual({ mx: 'mx.example.com', spf });
  });

  it('say which gateways and proxies are believed, and that mail may come from them by LMTP', () => {
    const flags = {
      'mailbox-trust': '10.0.0.0/8, fd00::5',
      'mailbox-authserv': 'MX.example.com',
      'mailbox-proxy': '10.0.0.9',
    };
    const read = (lmtp: string) => readConfig({ mailbox: true, ...flags, 'mailbox-lmtp': lmtp }, {}).config.mailbox;
    expect(read('0.0.0.0:24')).toMatchObject({
      lmtp: { ip: '0.0.0.0', port: 24 },
      ...{ trust: ['10.0.0.0/8', 'fd00::5'], authservIds: ['mx.example.com'], proxies: ['10.0.0.9'] },
    });
    expect(read('/run/mesh/lmtp.sock')).toMatchObject({ lmtp: { path: '/run/mesh/lmtp.sock' } });
  });

  it.each([
    [{ 'mailbox-smtp': 'localhost:25' }, /--mailbox-smtp must be IP:PORT/],
    [{ 'mailbox-smtp': '127.0.0.1' }, /--mailbox-smtp must be IP:PORT/],
    [{ 'mailbox-lmtp': '0.0.0.0:24' }, /--mailbox-lmtp must be an address of loopback/],
    [{ 'mailbox-trust': '10.0.0.0/33' }, /--mailbox-trust must be addresses or ranges/],
    [{ 'mailbox-trust': '0.0.0.0/0' }, /--mailbox-trust must be addresses or ranges/],
    [{ 'mailbox-trust': 'mx.example.com' }, /--mailbox-trust must be addresses or ranges/],
    [{ 'mailbox-proxy': '10.0.0.0/8' }, /--mailbox-proxy must be addresses/],
    [{ 'mailbox-authserv': 'mx.example.com' }, /--mailbox-authserv has an effect only with --mailbox-trust/],
    [{ 'mailbox-cert': 'c.pem' }, /--mailbox-cert needs the other/],
    [{ 'mailbox-key': 'k.pem' }, /--mailbox-key needs the other/],
    [{ 'mailbox-mx': '10.0.0.1' }, /--mailbox-mx must be the name of a machine/],
    [{ 'mailbox-mx': 'mx' }, /--mailbox-mx must be the name of a machine/],
    [{ 'mailbox-mx': 'mx.example.com', 'mailbox-spf': 'include:x' }, /--mailbox-spf must be an SPF record/],
    [{ 'mailbox-spf': 'v=spf1 -all' }, /--mailbox-spf has an effect only with --mailbox-mx/],
    [{ 'mailbox-retention': '0' }, /--mailbox-retention must be a whole number from 1 to 3650/],
    [{ 'mailbox-dns': 'dns.example.com' }, /--mailbox-dns must be addresses of DNS servers/],
    [{ mailbox: false, 'mailbox-smtp': '127.0.0.1:25' }, /--mailbox-smtp has an effect only with --mailbox/],
  ])('refuse %j', (flags, why) => {
    expect(() => readConfig({ mailbox: true, ...flags }, {})).toThrow(why);
  });

  it('refuse a domain of inboxes where there are none', () => {
    expect(() => readConfig({}, { MESH_MAILBOX_DOMAIN: 'agents.example.com' })).toThrow(
      /MESH_MAILBOX_DOMAIN has an effect only with --mailbox/,
    );
  });

  it('come from variables, and flags win over them', () => {
    const environment = { MESH_HOST: 'mac', MESH_DATA: '/d', MESH_LISTEN: '127.0.0.1:1' };
    expect(readConfig({ host: 'cloud' }, environment).config).toMatchObject({
      host: 'cloud',
      dataDirectory: '/d',
      listen: { ip: '127.0.0.1', port: 1 },
    });
  });

  it('take an empty variable for an absent one', () =>
    expect(readConfig({}, { MESH_LISTEN: '' }).config.listen).toBeUndefined());

  it.each([
    ['on', true],
    ['true', true],
    ['off', false],
    ['false', false],
  ])('take %s for every switch', (text, isOn) => {
    const { config } = readConfig(
      { 'allow-ip-literal': text },
      {
        MESH_MAILBOX: text,
        MESH_PAGE: text,
        MESH_PEER_CHANNEL: text,
        MESH_ALLOW_SINGLE_LABEL: text,
        MESH_ACCEPT_NEW_KEY: text,
      },
    );
    const { mailbox, page, peerChannel, allowSingleLabel, allowIpLiteral, acceptNewKey } = config;
    const all = [mailbox !== undefined, page, peerChannel, allowSingleLabel, allowIpLiteral, acceptNewKey];
    expect(all).toEqual(all.map(() => isOn));
  });

  it('tell every mistake at once, by the name it was given by', () => {
    const read = () =>
      readConfig(
        { listen: 'here', 'log-level': 'loud' },
        { MESH_TOKEN: 'short', MESH_WEBHOOK_ALLOW: '10.0.0.0/99', MESH_ALLOW_SINGLE_LABEL: 'yes' },
      );
    expect(read).toThrow(
      /--listen must be.*MESH_WEBHOOK_ALLOW.*MESH_ALLOW_SINGLE_LABEL must be on or off.*--log-level must be.*MESH_TOKEN must be 16/,
    );
  });

  it.each(['http://proxy.example:3128', 'http://mesh:word@10.0.0.9:3128/', 'http://[fd00::1]:3128'])(
    'take a proxy for webhooks, as a secret: %s',
    (url) => {
      const { secrets } = readConfig({ 'webhook-proxy': 'http://flag.example:1' }, { MESH_WEBHOOK_PROXY: url });
      expect([secrets.webhookProxy?.reveal(), String(secrets.webhookProxy)]).toEqual([url, '[secret]']);
    },
  );

  it.each(['https://proxy.example:3128', 'proxy.example:3128', 'http://proxy.example', 'http://proxy.example:3128/a'])(
    'refuse %s as a proxy, without showing it',
    (url) => {
      const read = () => readConfig({}, { MESH_WEBHOOK_PROXY: url });
      expect(read).toThrow(/MESH_WEBHOOK_PROXY must be http:\/\/host:port/);
      expect(read).not.toThrow('proxy.example');
    },
  );

  it('say of a list of receivers by what it was given, in one sentence', () => {
    const wrong = { 'webhook-allow': '10.0.0.0/33' };
    expect(() => readConfig(wrong, {})).toThrow(
      "The settings have mistakes: --webhook-allow has entries that are not CIDR[:port]: '10.0.0.0/33' (right would be 100.64.0.0/10, 10.1.2.3:8080 or [fd00::/8]:443).",
    );
  });

  it('take no empty path for the folder in which they are read', () => {
    const empty = { data: '', hosts: '', 'send-accounts': '' };
    expect(() => readConfig(empty, {})).toThrow(
      /--hosts must be a path, and is empty; --data must be a path, and is empty; --send-accounts must be a path/,
    );
    expect(readConfig({}, { MESH_DATA: '' }).config.dataDirectory).toBe('./data');
  });

  it('tell of variables that look like settings and are none', () => {
    const ofCommands = { MESH_URL: 'x', MESH_AGENT: 'x', MESH_INBOX: 'x', MESH_INBOX_KEY: 'x', MESH_JOIN_TOKEN: 'x' };
    const environment = { ...ofCommands, MESH_TOKN: 'x', mesh_token: 'x', MESH_SECRET: '', PATH: 'x' };
    expect(readConfig({}, environment).config.unknownVariables).toEqual(['MESH_TOKN', 'mesh_token']);
  });

  it('never take a secret from the command line', () => {
    expect(readConfig({ token: 'x'.repeat(20) }, {}).secrets.token).toBeUndefined();
  });
});

describe('a secret', () => {
  it('does not print itself', () => {
    const secret = new Secret('hunter2-hunter2-hunter2');
    expect([String(secret), JSON.stringify({ secret }), inspect({ secret })].join()).not.toContain('hunter2');
  });
});

describe('--listen', () => {
  it.each([
    ['127.0.0.1:8080', { ip: '127.0.0.1', port: 8080 }],
    ['[::1]:8080', { ip: '::1', port: 8080 }],
    ['0.0.0.0', { ip: '0.0.0.0', port: 23_000 }],
    ['127.0.0.1:0', { ip: '127.0.0.1', port: 0 }],
  ])('takes %s', (text, listen) => expect(parseListen(text)).toEqual(listen));

  it.each(['', 'localhost:1', '::1:1', '127.0.0.1:65536', '127.0.0.1:', '[127.0.0.1]:1', '1.2.3:4', '[::1'])(
    'refuses %j',
    (text) => expect(parseListen(text)).toBeUndefined(),
  );
});
