// How long a test may take that takes more than a moment. The bounds only end a test that hangs: none is waited for, and a busy machine is
// allowed ten times what a quiet one needs.

/** Real processes, which start, form a mesh and are killed. */
export const LIVE_MS_MAX = 180_000;
/** Whole nodes with real signatures under the simulated scheduler. */
export const WHOLE_MESH_MS_MAX = 60_000;
