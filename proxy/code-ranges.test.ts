import { expect, test } from 'vitest';
import { codeRanges } from './code-ranges.ts';

test('only code of files is let go of: nothing that is written to, nothing without a file', () => {
  const maps = [
    '00200000-01a40000 r--p 00000000 fe:00 1 /opt/proxy',
    '01a40000-06849000 r-xp 0183f000 fe:00 1 /opt/proxy',
    '06867000-06ce9000 rw-p 06664000 fe:00 1 /opt/proxy',
    '21b64400000-21ba4400000 rw-p 00000000 00:00 0 ',
    '7f0000000000-7f0040000000 rwxp 00000000 00:00 0 ',
    '7f1ed714f000-7f1ed72a5000 r-xp 00026000 fe:00 2 /usr/lib/libc.so.6',
    '7ffe5e5f7000-7ffe5e5f9000 r-xp 00000000 00:00 0 [vdso]',
  ].join('\n');
  expect(codeRanges(maps)).toEqual([[0x01a40000n, 0x06849000n], [0x7f1ed714f000n, 0x7f1ed72a5000n]]);
});
