import { describe, expect, it } from 'vitest';
import { findPreset, PRESETS } from '../../../../node/send/accounts/presets.ts';

describe('a preset', () => {
  it.each([
    ['gmail', { id: 'gmail', name: 'Gmail', host: 'smtp.gmail.com', port: 465, security: 'tls' }],
    ['iCloud', { id: 'icloud', host: 'smtp.mail.me.com', port: 587, security: 'starttls' }],
    ['SendGrid', { id: 'sendgrid', host: 'smtp.sendgrid.net', port: 587, security: 'starttls' }],
  ])('is found by its name: %s', (name, preset) => expect(findPreset(name)).toMatchObject(preset));

  it.each([
    ['in any case', 'GMAIL', 'gmail'],
    ['by an alias', 'googlemail', 'gmail'],
    ['without its spaces', 'Google Mail', 'gmail'],
    ['by a domain', 'me.com', 'icloud'],
  ])('is found %s: %s', (_, name, id) => expect(findPreset(name)?.id).toBe(id));

  it('is none where nobody has the name', () => expect(findPreset('nobody')).toBeUndefined());
});

describe('all presets', () => {
  it('are in the order of their ids, each found by its own', () => {
    const ids = PRESETS.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(ids.map((id) => findPreset(id)?.id)).toEqual(ids);
  });

  it('are servers elsewhere, encrypted from the first octet or by STARTTLS', () => {
    expect(PRESETS.filter(({ host, port }) => host === 'localhost' || !Number.isInteger(port))).toEqual([]);
    for (const { id, port, security } of PRESETS) if (port === 465) expect([id, security]).toEqual([id, 'tls']);
    expect(new Set(PRESETS.map(({ security }) => security))).toEqual(new Set(['tls', 'starttls']));
    expect(findPreset('maildev')).toBeUndefined();
  });
});
