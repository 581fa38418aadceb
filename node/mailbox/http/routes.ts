// The routes of the mailbox: none is put in without saying what it takes of the key, and none is answered before that was looked at.
import type { Context, Hono } from 'hono';
import type { Level, Scope } from '../scope.ts';
import type { Gate, Need } from './gate.ts';

type Answer = Response | Promise<Response>;
type Handler = (c: Context) => Answer;
/** `scope`: what the path names, and no more than the caller's key opens; it is there. */
export type ScopedHandler = (c: Context, scope: Scope) => Answer;

type UnlookedHandler = (c: Context, scope: Scope, look: () => Promise<void>) => Answer;

/** What stands in the table of routes. */
export interface DeclaredRoute {
  readonly method: Method;
  readonly path: string;
  readonly need: Need;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const BELOW: Readonly<Record<Level, string>> = {
  organization: '',
  pod: '/pods/:pod_id',
  inbox: '/inboxes/:inbox_id',
};

/** Puts the routes of one resource into the application. */
export type AddRoutes = (routes: Routes) => void;

export class Routes {
  readonly #app: Hono;
  readonly #gate: Gate;
  readonly #declared: DeclaredRoute[] = [];

  constructor(app: Hono, gate: Gate) {
    this.#app = app;
    this.#gate = gate;
  }

  /** All that were put in so far. */
  get declared(): readonly DeclaredRoute[] {
    return this.#declared;
  }

  add(method: Method, path: string, need: Need, handle: Handler): void {
    this.#add({ method, path, need }, async (c) => {
      await this.#gate.admit(c, need);
      return await handle(c);
    });
  }

  /**
   * Puts the same routes below the organization, below a pod, below an inbox, or some of these. `root`: in front of that. The more exact path
   * is to be put in before the one that fits it as well, `/search` before `/:thread_id`.
   */
  below(levels: readonly Level[], path: string, add: (routes: ScopedRoutes) => void, root = '/v0'): void {
    for (const level of levels) {
      const at = `${root}${BELOW[level]}${path}`;
      add({
        level,
        add: (method, rest, need, handle) =>
          this.#add({ method, path: `${at}${rest}`, need }, async (c) => {
            const scope = await this.#gate.admit(c, need);
            return await handle(c, level === 'inbox' ? await this.#gate.existing(scope) : scope);
          }),
        addUnlooked: (method, rest, need, handle) =>
          this.#add({ method, path: `${at}${rest}`, need }, async (c) => {
            const scope = await this.#gate.admit(c, need);
            return await handle(c, scope, async () => {
              if (level === 'inbox') await this.#gate.existing(scope);
            });
          }),
      });
    }
  }

  #add(route: DeclaredRoute, handle: Handler): void {
    this.#declared.push(route);
    this.#app.on(route.method, route.path, handle);
  }
}

export interface ScopedRoutes {
  readonly level: Level;
  /** `rest`: of the path, empty for the resource itself. */
  add(method: Method, rest: string, need: Need, handle: ScopedHandler): void;
  /** The inbox need not be there: `look` throws when it is not. For what is asked so often that one question less matters. */
  addUnlooked(method: Method, rest: string, need: Need, handle: UnlookedHandler): void;
}
