// What holds where nobody says otherwise, for the node and for the commands that look for it. Every other default stands beside its setting, in
// settings.ts.

/** The port of a node, and of the URL at which commands look for one. */
export const DEFAULT_PORT = 23_000;
/** The data directory. */
export const DEFAULT_DATA = './data';
