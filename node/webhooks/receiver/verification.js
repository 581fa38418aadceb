// @ts-check
// The receiver's side of a delivery, `agent-email-mesh/verify`: is it from the node that holds the secret, made just now, and what does it
// tell? Standard Webhooks 1.0.0 over Web Crypto, without imports, so that it runs in Node, Deno, Workers and browsers. It is plain
// JavaScript because Node strips no types below node_modules; its types stand in verification.d.ts, and tsc holds one against the other.
// It does not remember what it has seen: repeats are dropped by whoever keeps `event.id`.

const TOLERANCE_SECONDS = 300;
/** A node sends one for each secret that is valid, two for some. More would let a stranger keep the receiver busy. */
const SIGNATURES_MAX = 16;
const PREFIX = 'whsec_';
const encoder = new TextEncoder();

/** @type {typeof import('./verification.d.ts').DeliveryRefused} */
export const DeliveryRefused = class DeliveryRefused extends Error {
  /**
   * @param {import('./verification.d.ts').DeliveryFault} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'DeliveryRefused';
    this.code = code;
  }
};

/** @type {typeof import('./verification.d.ts').verifyDelivery} */
export const verifyDelivery = async (headers, body, secrets, options = {}) => {
  const { toleranceSeconds = TOLERANCE_SECONDS, nowMs = Date.now() } = options;
  const keys = keysOf(secrets);
  const octets = octetsOf(body);
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = signaturesIn(headerOf(headers, 'webhook-signature'));
  refuseOtherTimes(timestamp, toleranceSeconds, nowMs);
  if (!(await isSigned(joined(encoder.encode(`${id}.${timestamp}.`), octets), signatures, keys)))
    throw new DeliveryRefused(
      'signature_wrong',
      'No signature of this delivery was made with a secret of this receiver.',
    );
  return eventIn(octets);
};

/**
 * @param {string | readonly string[]} secrets
 * @returns {Uint8Array<ArrayBuffer>[]}
 */
function keysOf(secrets) {
  const all = typeof secrets === 'string' ? [secrets] : [...secrets];
  if (all.length === 0 || all.some((secret) => typeof secret !== 'string' || secret === ''))
    throw new TypeError('verifyDelivery needs at least one secret, each a text that is not empty.');
  return all.map((secret) => {
    if (!secret.startsWith(PREFIX)) return encoder.encode(secret);
    const key = decoded(secret.slice(PREFIX.length));
    if (key === undefined || key.length === 0)
      throw new TypeError('A secret begins with whsec_ and does not go on in base64.');
    return key;
  });
}

/**
 * @param {string | Uint8Array | ArrayBuffer} body
 * @returns {Uint8Array}
 */
function octetsOf(body) {
  if (typeof body === 'string') return encoder.encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError(
    'verifyDelivery needs the body as it came, a text or octets; once parsed it can not be verified.',
  );
}

/**
 * @param {import('./verification.d.ts').DeliveryHeaders} headers
 * @param {string} name
 */
function headerOf(headers, name) {
  const value = 'get' in headers && typeof headers.get === 'function' ? headers.get(name) : memberOf(headers, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new DeliveryRefused('header_missing', `The delivery has no header '${name}'.`);
}

/**
 * @param {object} headers
 * @param {string} name
 */
function memberOf(headers, name) {
  const [, value] = Object.entries(headers).find(([key]) => key.toLowerCase() === name) ?? [];
  return Array.isArray(value) ? value[0] : value;
}

/** @param {string} header */
function signaturesIn(header) {
  const signatures = header
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .slice(0, SIGNATURES_MAX)
    .flatMap((one) => decoded(one.slice('v1,'.length)) ?? []);
  if (signatures.length > 0) return signatures;
  throw new DeliveryRefused(
    'signature_malformed',
    "The header 'webhook-signature' has no signature of the form v1,<base64>.",
  );
}

/**
 * @param {string} timestamp
 * @param {number} toleranceSeconds
 * @param {number} nowMs
 */
function refuseOtherTimes(timestamp, toleranceSeconds, nowMs) {
  if (!/^\d{1,12}$/.test(timestamp))
    throw new DeliveryRefused('timestamp_malformed', "The header 'webhook-timestamp' is not a Unix time in seconds.");
  const ageSeconds = nowMs / 1_000 - Number(timestamp);
  if (ageSeconds > toleranceSeconds)
    throw new DeliveryRefused(
      'timestamp_too_old',
      `The delivery was signed ${Math.round(ageSeconds)} s ago, more than ${toleranceSeconds} s: it may be an old one, played again.`,
    );
  // Written so that a number that is none is refused as well.
  if (!(-ageSeconds <= toleranceSeconds))
    throw new DeliveryRefused(
      'timestamp_too_new',
      `The delivery was signed ${Math.round(-ageSeconds)} s ahead of this receiver's clock, more than ${toleranceSeconds} s: one of the two clocks is wrong.`,
    );
}

/**
 * Web Crypto compares in constant time.
 * @param {Uint8Array<ArrayBuffer>} signed
 * @param {readonly Uint8Array<ArrayBuffer>[]} signatures
 * @param {readonly Uint8Array<ArrayBuffer>[]} keys
 */
async function isSigned(signed, signatures, keys) {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  for (const octets of keys) {
    const key = await crypto.subtle.importKey('raw', octets, algorithm, false, ['verify']);
    for (const signature of signatures) if (await crypto.subtle.verify(algorithm, key, signature, signed)) return true;
  }
  return false;
}

/**
 * @param {Uint8Array} octets
 * @returns {import('./verification.d.ts').MeshEvent}
 */
function eventIn(octets) {
  try {
    const event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
    if (typeof event?.type === 'string') return event;
  } catch {
    // It is refused below, as what is JSON and no event.
  }
  throw new DeliveryRefused('body_malformed', 'The delivery is genuine, but its body is not an event in JSON.');
}

/**
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 */
function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/**
 * The octets of a base64 text, `undefined` when it is none.
 * @param {string} text
 */
function decoded(text) {
  try {
    return Uint8Array.from(atob(text), (octet) => octet.charCodeAt(0));
  } catch {
    // What atob says is of no interest.
    return undefined;
  }
}
