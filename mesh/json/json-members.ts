// The members of a large JSON object, read in turns: the text is cut between its members into pieces that are parsed by themselves, so
// that neither a long answer nor a nested one holds the event loop. Of a name that comes twice both members are handed on.
import { MeshError } from '../errors.ts';
import type { Clock, JsonMember } from '../ports.ts';
import { Turns } from '../time/turns.ts';
import { isMap, JsonFault, parseForeignJson } from './foreign-json.ts';
import { JSON_BOUNDS, JsonShape } from './json-shape.ts';

/** Octets of text that are parsed in one go. An entry of an index with full metadata has about 3 KiB. */
const PIECE_BYTES = 16 * 1_024;
const MEMBER_CHARACTERS_MAX = 64 * 1_024;
/** The values of a piece need no bound, because pieces are small and members are counted. */
const PIECE_BOUNDS = { ...JSON_BOUNDS, valuesMax: Number.POSITIVE_INFINITY };

/** Rejects with `peer_unintelligible` when the text is no JSON object, or has more than `membersMax` members, or one that is too large. */
export async function readMembers(
  octets: Uint8Array,
  membersMax: number,
  clock: Clock,
): Promise<readonly JsonMember[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const shape = new JsonShape(PIECE_BOUNDS);
  const turns = new Turns(clock);
  const members: JsonMember[] = [];
  let rest = '';
  let isFirst = true;
  for (let at = 0; at < octets.byteLength; at += PIECE_BYTES) {
    const isLast = at + PIECE_BYTES >= octets.byteLength;
    const text = decoded(() => decoder.decode(octets.subarray(at, at + PIECE_BYTES), { stream: !isLast }));
    const comma = shape.see(text);
    if (shape.excess !== undefined) throw unintelligible(shape.excess);
    if (comma >= 0 && !isLast) {
      addMembers(members, `${isFirst ? '' : '{'}${rest}${text.slice(0, comma)}}`);
      rest = text.slice(comma + 1);
      isFirst = false;
    } else rest += text;
    if (rest.length > MEMBER_CHARACTERS_MAX)
      throw unintelligible(`has a member of more than ${MEMBER_CHARACTERS_MAX} characters`);
    if (members.length > membersMax) throw unintelligible(`has more than ${membersMax} members`);
    if (turns.isOver) await turns.next();
  }
  const count = addMembers(members, `${isFirst ? '' : '{'}${rest}`);
  // After a comma there is a member.
  if (!isFirst && count === 0) throw unintelligible('is not JSON');
  if (members.length > membersMax) throw unintelligible(`has more than ${membersMax} members`);
  return members;
}

function addMembers(members: JsonMember[], text: string): number {
  const map = decoded(() => parseForeignJson(text, PIECE_BOUNDS));
  if (!isMap(map)) throw unintelligible('is no JSON object');
  const names = Object.keys(map);
  for (const name of names) members.push([name, map[name]]);
  return names.length;
}

function decoded<Result>(decode: () => Result): Result {
  try {
    return decode();
  } catch (cause) {
    throw unintelligible(cause instanceof JsonFault && cause.isRefusal ? cause.message : 'is not JSON', cause);
  }
}

function unintelligible(what: string, cause?: unknown): MeshError {
  return new MeshError('peer_unintelligible', `Its answer ${what}.`, { cause });
}
