// A request as the gate sees it, before any route is looked for.

/** What the gate looks at; header names in lower case. */
export interface Visitor {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The other end of the connection, or its network; absent where there is no connection. */
  readonly client?: string;
  /** Stands for the connection itself, by identity; absent where there is none. */
  readonly connection?: object | undefined;
  header(name: string): string | undefined;
  headerNames(): readonly string[];
}

/** Asked by whatever watches the node: answered whoever asks. */
export function isHealthCheck(path: string): boolean {
  return path === '/health' || path === '/ready';
}
