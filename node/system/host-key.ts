// This host's Ed25519 key: made once, at the first start, in the data directory, readable by nobody else. It is what peers
// know this host by, so it is never replaced quietly: a missing, damaged or exchanged key stops the start with a sentence.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { join } from 'node:path';
import { MeshError } from '../../mesh/errors.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { makeOwnDirectory, readOwnFile, writeFileDurably } from '../machine/own-files.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';

const FILE_NAME = 'host-key.pem';
/** A PKCS 8 Ed25519 key is 119 octets of PEM; more than this is another file. */
const FILE_BYTES_MAX = 4_096;
/** The record that says which key this node has spoken with; `{publicKey}`. */
export const HOST_KEY_RECORD = 'host-key';
const NEW_KEY =
  'peers with the same MESH_SECRET believe the new key, any other refuses this host until it stands in its hosts.json as this host\'s "publicKey".';
const REPLACE = `Put the right file in its place. If it is lost, move this one away and start once with --accept-new-key: ${NEW_KEY}`;

export interface HostKeyOptions {
  /** The data directory. */
  readonly directory: string;
  readonly store: Pick<Store, 'get' | 'commit'>;
  /** The operator says so: a missing or exchanged key is the host's new one. A damaged file is refused all the same. */
  readonly acceptNewKey?: boolean;
}

/**
 * Loads the key, or makes it if this node never had one. Rejects with a `MeshError` `store_failed` whose sentence names the
 * file and what the operator can do. Resolves once the key and the record of it are durable.
 */
export async function openHostKey({ directory, store, acceptNewKey = false }: HostKeyOptions): Promise<Signer> {
  const path = join(directory, FILE_NAME);
  const known = await recordedKey(store);
  let pem = readPem(path);
  if (pem === undefined) {
    if (known !== undefined && !acceptNewKey) {
      throw failure(
        `${path} is missing, though this host has already spoken with the key ${known}. Put the file back, if it was moved. If it is lost, start once with --accept-new-key: ${NEW_KEY}`,
      );
    }
    pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    writePem(directory, path, pem);
  }
  const signer = signerOf(path, pem);
  if (known !== signer.publicKey) {
    if (known !== undefined && !acceptNewKey) {
      throw failure(
        `${path} holds the key ${signer.publicKey}, but this host has spoken with ${known} so far. Put the file back that belongs to this data directory, or start once with --accept-new-key: ${NEW_KEY}`,
      );
    }
    await store.commit([{ key: HOST_KEY_RECORD, value: { publicKey: signer.publicKey } }]);
  }
  return signer;
}

function signerOf(path: string, pem: string): Signer {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    throw failure(`${path} can't be read as a private key (PKCS 8, PEM). ${REPLACE}`, cause);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw failure(`${path} holds a key of type ${privateKey.asymmetricKeyType}, not Ed25519. ${REPLACE}`);
  }
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x;
  if (publicKey === undefined) throw new Error('an Ed25519 key without a public part');
  return { publicKey, sign: (bytes) => sign(null, bytes, privateKey) };
}

/** The file's text; `undefined` when there is no such file. */
function readPem(path: string): string | undefined {
  const user = process.geteuid?.();
  let octets: Buffer | undefined;
  try {
    octets = readOwnFile(path, FILE_BYTES_MAX, (uid) => uid === user);
  } catch (cause) {
    throw failure(`${path} ${(cause as Error).message}.`, cause);
  }
  if (octets?.byteLength === 0) throw failure(`${path} has 0 octets; a key has 119. ${REPLACE}`);
  return octets?.toString('latin1');
}

function writePem(directory: string, path: string, pem: string): void {
  try {
    makeOwnDirectory(directory);
    // The store's lock keeps a second writer away.
    writeFileDurably(path, pem);
  } catch (cause) {
    throw failure(`The host key can't be written to ${path}: ${(cause as Error).message}.`, cause);
  }
}

async function recordedKey(store: Pick<Store, 'get'>): Promise<string | undefined> {
  const record = await store.get(HOST_KEY_RECORD);
  if (record === undefined) return undefined;
  const publicKey = (record as { publicKey?: unknown } | null)?.publicKey;
  if (typeof publicKey === 'string') return publicKey;
  throw damagedRecords(`The stored record '${HOST_KEY_RECORD}' has no publicKey`);
}

function failure(sentence: string, cause?: unknown): MeshError {
  return new MeshError('store_failed', sentence, cause === undefined ? {} : { cause });
}
