/**
 * The Pulumi program, index.ts, as one file.
 *
 * @returns absolute path
 */
export function buildProgram(): Promise<string>;
