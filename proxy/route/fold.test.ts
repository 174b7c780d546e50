import { expect, test } from 'vitest';
import { NAMES_PER_POSITION_MAX, NAMES_UNDER_PRESSURE, TemplateFolds } from './fold.ts';

/** Offers templates as a table does: folded, then learned, until nothing folds any more. */
function offer(folds: TemplateFolds, template: string): string {
  let folded = folds.folded(template);
  while (folds.learn(folded)) folded = folds.folded(template);
  return folded;
}

const names = (count: number) => Array.from({ length: count }, (_, at) => `name${'abcdefghij'[at % 10] ?? ''}${'klmnopqrst'[Math.floor(at / 10)] ?? ''}`);

test('what is unknown stays as it is', () => {
  const folds = new TemplateFolds();
  for (const template of ['GET /', 'GET /users/:id', 'CONNECT', 'OPTIONS *', 'GET /a/b/c/d/e/f/*', 'GET /users/']) expect(offer(folds, template)).toBe(template);
});

test('a position with more names than an API has resources is a value from then on, for all that is below it', () => {
  const folds = new TemplateFolds();
  const seen = names(NAMES_PER_POSITION_MAX + 1).map((name) => offer(folds, `GET /users/${name}/orders`));
  expect(seen.slice(0, NAMES_PER_POSITION_MAX)).toEqual(names(NAMES_PER_POSITION_MAX).map((name) => `GET /users/${name}/orders`));
  expect(seen.at(-1)).toBe('GET /users/:id/orders');
  expect(offer(folds, 'GET /users/somebody/orders')).toBe('GET /users/:id/orders');
  expect(offer(folds, 'GET /users/somebody')).toBe('GET /users/:id');
});

test('other methods, prefixes and positions are untouched by a fold', () => {
  const folds = new TemplateFolds();
  for (const name of names(50)) offer(folds, `GET /users/${name}`);
  expect(offer(folds, 'POST /users/login')).toBe('POST /users/login');
  expect(offer(folds, 'GET /teams/red')).toBe('GET /teams/red');
  expect(offer(folds, 'GET /users')).toBe('GET /users');
});

test('the first segment names resources and is never folded', () => {
  const folds = new TemplateFolds();
  for (const name of names(90)) expect(offer(folds, `GET /${name}`)).toBe(`GET /${name}`);
  expect(folds.foldWidest()).toBe(false);
});

test('under pressure the widest position is folded, and none that is narrow', () => {
  const folds = new TemplateFolds();
  for (const name of names(NAMES_UNDER_PRESSURE - 1)) offer(folds, `GET /teams/${name}`);
  expect(folds.foldWidest()).toBe(false);
  for (const name of names(NAMES_UNDER_PRESSURE + 5)) offer(folds, `GET /users/${name}`);
  expect(folds.foldWidest()).toBe(true);
  expect(folds.folded('GET /users/x')).toBe('GET /users/:id');
  expect(folds.folded('GET /teams/x')).toBe('GET /teams/x');
  expect(folds.foldWidest()).toBe(false);
});

test('folding what is folded changes nothing', () => {
  const folds = new TemplateFolds();
  for (const name of names(40)) offer(folds, `GET /users/${name}/orders/${name}`);
  for (const template of ['GET /users/:id/orders/namexx', 'GET /users/q/orders/:id']) expect(folds.folded(folds.folded(template))).toBe(folds.folded(template));
});
