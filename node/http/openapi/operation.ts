// An operation of the API as its document tells of it: what is asked, in the schemas that the routes check it by, and what is answered.
import { z } from 'zod';
import type { ZodOpenApiMediaTypeObject } from 'zod-openapi';
import type { ErrorCode } from '../../../mesh/errors.ts';
import type { Method } from '../methods.ts';

export interface Answer {
  /** A phrase: when that is answered, or what with. */
  readonly when: string;
  /** By media type; absent: no body. */
  readonly content?: Readonly<Record<string, ZodOpenApiMediaTypeObject>>;
  readonly headers?: z.ZodObject;
}

export interface Operation {
  /** Unique in the document: what generated clients call it. */
  readonly id: string;
  /** A phrase. */
  readonly summary: string;
  /** Sentences, in Markdown. */
  readonly more?: string;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: Body;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes of errors that are this operation's own: what any operation may answer is added. */
  readonly refusals?: readonly ErrorCode[];
}

interface Body {
  readonly content: Readonly<Record<string, ZodOpenApiMediaTypeObject>>;
  readonly mayBeLeftOut?: boolean;
}

export interface PathGroup {
  readonly tag: string;
  /** Sentences, in Markdown. */
  readonly about: string;
  /** By the path as its route has it: `/api/agents/:id`. */
  readonly paths: Readonly<Record<string, Partial<Record<Method, Operation>>>>;
}

export const JSON_TYPE = 'application/json';

/** The media types of what is JSON. */
export function json(schema: z.ZodType, example?: unknown) {
  return { [JSON_TYPE]: { schema, ...(example === undefined ? {} : { example }) } };
}

/** The answer of that form, in JSON. */
export function answer(
  when: string,
  schema: z.ZodType,
  rest: { example?: unknown; headers?: z.ZodObject } = {},
): Answer {
  const { example, headers } = rest;
  return { when, content: json(schema, example), ...(headers === undefined ? {} : { headers }) };
}

/** ISO 8601, UTC. */
export const moment = z.iso.datetime().meta({ example: '2026-01-27T12:00:00.000Z' });
export const count = z.int().min(0);
export const done = z.object({ success: z.literal(true) });
export const removed = answer('It is gone.', done);
