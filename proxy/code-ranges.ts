/** Which ranges of a process's memory are code of files. Pure. */

/** From the text of `/proc/<pid>/maps`: mapped from a file, executable, never written to. */
export function codeRanges(maps: string): readonly (readonly [start: bigint, end: bigint])[] {
  return maps.split('\n').flatMap((line) => {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ \S+\s+\/.*$/.exec(line) ?? [];
    return start === undefined || end === undefined ? [] : [[BigInt(`0x${start}`), BigInt(`0x${end}`)] as const];
  });
}
