import { expect, test } from 'vitest';
import { SLUG_PATTERN, slugOf } from './slug.ts';

test.each([['Acme', 'acme'], ['  Große Bäckerei & Söhne! ', 'grosse-backerei-sohne'], ['北京', ''], ['--', ''], ['x'.repeat(60), 'x'.repeat(40)], [`${'x'.repeat(39)} y`, 'x'.repeat(39)]])('%s becomes %s', (name, slug) => {
  expect(slugOf(name)).toBe(slug);
  if (slug !== '') expect(slug).toMatch(SLUG_PATTERN);
});
