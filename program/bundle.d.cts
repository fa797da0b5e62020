import type { BuildOptions } from "esbuild";

/**
 * A program of this project as one file of CommonJS, made by esbuild. It stays in `.cache/bundles` until one of its sources is
 * another; the same sources give the same text, wherever the project lies.
 *
 * @param name of its folder there
 * @param entryPoint relative to the project
 * @param sources what it is made from: files, and folders with all TypeScript in them
 * @param options besides those that all bundles have
 * @returns absolute path
 */
export function bundle(name: string, entryPoint: string, sources: string[], options: BuildOptions): Promise<string>;
