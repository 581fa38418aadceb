import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePublicKey } from '../../../mesh/signature/ed25519.ts';
import { openHostKey } from '../../../node/system/host-key.ts';
import { MemoryStore } from '../../support/memory-store.ts';

let parent: string;
let directory: string;
let file: string;
let store: MemoryStore;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'host-key-'));
  directory = join(parent, 'data');
  file = join(directory, 'host-key.pem');
  store = new MemoryStore();
});

afterEach(() => rm(parent, { recursive: true }));

const refusal = (sentence: RegExp) =>
  expect.objectContaining({ code: 'store_failed', message: expect.stringMatching(sentence) });

describe('the first start', () => {
  it('makes a key that nobody else may read, and leaves nothing else behind', async () => {
    const { publicKey } = await openHostKey({ directory, store });
    expect(publicKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readdir(directory)).toEqual(['host-key.pem']);
    expect(await readFile(file, 'latin1')).toContain('BEGIN PRIVATE KEY');
  });

  it('gives a key whose signatures its public key verifies', async () => {
    const { publicKey, sign } = await openHostKey({ directory, store });
    const key = parsePublicKey(publicKey);
    expect(key?.verify(Buffer.from('said'), sign(Buffer.from('said')))).toBe(true);
    expect(key?.verify(Buffer.from('altered'), sign(Buffer.from('said')))).toBe(false);
  });

  it('is not disturbed by the draft of an interrupted one', async () => {
    await openHostKey({ directory, store });
    await rm(file);
    await writeFile(`${file}.new`, 'half', { mode: 0o644 });
    await openHostKey({ directory, store: new MemoryStore() });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['host-key.pem']);
  });

  it('says why when the directory cannot be written', async () => {
    await writeFile(directory, 'a file where the directory should be');
    await expect(openHostKey({ directory, store })).rejects.toEqual(refusal(/host-key\.pem/));
  });
});

describe('a later start', () => {
  it('has the same key', async () => {
    const first = await openHostKey({ directory, store });
    const again = await openHostKey({ directory, store: new MemoryStore({ disk: store.snapshot() }) });
    expect(again.publicKey).toBe(first.publicKey);
    const key = parsePublicKey(first.publicKey);
    expect(key?.verify(Buffer.from('said'), again.sign(Buffer.from('said')))).toBe(true);
  });

  it('takes up a key whose record was not yet written when the first start was cut off', async () => {
    const first = await openHostKey({ directory, store });
    const again = await openHostKey({ directory, store: new MemoryStore() });
    expect(again.publicKey).toBe(first.publicKey);
  });

  it('follows no link: who made it would choose the key', async () => {
    await openHostKey({ directory, store });
    const elsewhere = join(parent, 'secret.pem');
    await writeFile(elsewhere, await readFile(file), { mode: 0o600 });
    await rm(file);
    await symlink(elsewhere, file);
    await expect(openHostKey({ directory, store })).rejects.toEqual(refusal(/host-key\.pem is a link/));
  });

  it('writes to no file that its draft is a link to', async () => {
    await mkdir(directory, { mode: 0o700 });
    const loot = join(parent, 'loot');
    await writeFile(loot, '');
    await symlink(loot, `${file}.new`);
    await openHostKey({ directory, store });
    expect([await readFile(loot, 'utf8'), (await lstat(file)).isFile()]).toEqual(['', true]);
  });

  it.each([0o644, 0o640, 0o620, 0o604])('refuses a file of mode %o, and says how to set it right', async (mode) => {
    await openHostKey({ directory, store });
    await chmod(file, mode);
    await expect(openHostKey({ directory, store })).rejects.toEqual(refusal(/mode .*chmod 600 .*host-key\.pem/));
  });

  const rsa = () => generateKeyPairSync('rsa', { modulusLength: 1024 });
  it.each([
    ['empty', '', /0 octets/],
    ['too long to be one', 'x'.repeat(5_000), /5000 octets/],
    ['not a key', 'not a key', /private key/],
    ['cut short', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50\n', /private key/],
    ['of another type', String(rsa().privateKey.export({ type: 'pkcs8', format: 'pem' })), /type rsa, not Ed25519/],
  ])('refuses a file that is %s, and leaves it as it is', async (_, text, sentence) => {
    await openHostKey({ directory, store });
    await writeFile(file, text);
    await expect(openHostKey({ directory, store, acceptNewKey: true })).rejects.toEqual(refusal(sentence));
    expect(await readFile(file, 'latin1')).toBe(text);
  });

  it('refuses to make another key when the file is gone', async () => {
    await openHostKey({ directory, store });
    await rm(file);
    await expect(openHostKey({ directory, store })).rejects.toEqual(refusal(/missing.*--accept-new-key/));
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses a key that is not the one this host has spoken with', async () => {
    const { publicKey } = await openHostKey({ directory, store });
    await rm(file);
    const other = await openHostKey({ directory, store: new MemoryStore() });
    await expect(openHostKey({ directory, store })).rejects.toEqual(
      refusal(new RegExp(`${other.publicKey}.*${publicKey}`)),
    );
  });

  it('takes a new key when the operator accepts it, and knows it from then on', async () => {
    const first = await openHostKey({ directory, store });
    await rm(file);
    const second = await openHostKey({ directory, store, acceptNewKey: true });
    expect(second.publicKey).not.toBe(first.publicKey);
    expect((await openHostKey({ directory, store })).publicKey).toBe(second.publicKey);
  });

  it('refuses when the record of its key is damaged', async () => {
    await store.commit([{ key: 'host-key', value: { publicKey: 7 } }]);
    await expect(openHostKey({ directory, store })).rejects.toEqual(refusal(/damaged/));
  });
});

describe('the file', () => {
  it('is PKCS 8, which other programs read', async () => {
    const { publicKey, sign } = await openHostKey({ directory, store });
    const pem = await readFile(file, 'latin1');
    const key = createPublicKey(pem);
    expect(key.export({ format: 'jwk' }).x).toBe(publicKey);
    expect(verify(null, Buffer.from('said'), key, sign(Buffer.from('said')))).toBe(true);
  });
});
