/**
 * What a build is known by in its cache: 16 hexadecimal digits that change with any of its sources.
 *
 * @param files names of the sources, relative to `folder`; their order counts
 * @param how what else the result depends on, such as the compiler's options; nothing by default
 */
export function fingerprintOf(folder: string, files: string[], how?: string): string;
