/** How well a thing fits what was typed. Pure. */

/** 0: not at all; else 1 and more, a name that begins with it above one that contains it. Each word must be found. */
export function matchScore([name = '', ...notes]: readonly string[], typed: string): number {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const title = name.toLowerCase();
  const all = [title, ...notes].join(' ').toLowerCase();
  if (!words.every((word) => all.includes(word))) return 0;
  const [first = ''] = words;
  if (title === first) return 4;
  if (title.startsWith(first)) return 3;
  return title.includes(first) ? 2 : 1;
}
