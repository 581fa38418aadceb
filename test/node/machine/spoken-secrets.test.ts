// What servers quote of a login, without the login.
import { describe, expect, it } from 'vitest';
import { SpokenSecrets } from '../../../node/machine/spoken-secrets.ts';

const PASSWORD = 'Sw0rdf1sh-Long+Pass/77';
const LOGIN = JSON.stringify({ name: 'root', password: PASSWORD });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const scrub = (text: string, password = PASSWORD) => {
  const secrets = new SpokenSecrets();
  secrets.hide('root', password);
  return secrets.scrub(text);
};

describe('what a server quotes of a login', () => {
  it.each([
    ['as it is', PASSWORD],
    ['as URLs write it', encodeURIComponent(PASSWORD)],
    ['in capitals', PASSWORD.toUpperCase()],
    ['cut short', PASSWORD.slice(0, 9)],
    ['in base64', base64(PASSWORD)],
    ['in the base64 of user and password', base64(`root:${PASSWORD}`)],
    ['in the base64 of a whole request', base64(LOGIN)],
  ])('is hidden %s', (_, quoted) => {
    const said = scrub(`bad: ${quoted}`);
    expect(said).toContain('[secret]');
    expect(said).not.toMatch(/Sw0rdf|dzByZGYx|U3cwcmRm|N3MHJkZj/i);
  });

  it('is hidden where it stands, behind letters that lower case makes longer', () =>
    expect(scrub(`${'\u0130'.repeat(20)} ${PASSWORD} it was`)).toBe(`${'\u0130'.repeat(20)} [secret] it was`));

  it('is hidden as URLs and JSON write it, when it is short and odd', () => {
    const odd = 'p"ä/s';
    const quoted = [odd, encodeURIComponent(odd), JSON.stringify(odd).slice(1, -1), base64(odd)];
    expect(scrub(`no ${quoted.join(' ')} here`, odd)).toBe('no [secret] [secret] [secret] [secret] here');
  });

  it('leaves all else as it is', () => expect(scrub('Nothing of It')).toBe('Nothing of It'));
});
