import { expect, test } from 'vitest';
import { createLogger, LOG_LEVELS } from './log.ts';

test.each(LOG_LEVELS.map((level, at) => [level, LOG_LEVELS.length - at] as const))('level %s lets %i levels through', (level, expected) => {
  const lines: string[] = [];
  const logger = createLogger(level, () => 0, (line) => lines.push(line));
  for (const of of LOG_LEVELS) logger.log(of, 'message');
  expect(lines).toHaveLength(expected);
});

test('a line is one line of JSON with time, level, message and facts', () => {
  const lines: string[] = [];
  createLogger('info', () => 0, (line) => lines.push(line)).log('warn', 'two\nlines', { code: 'x', count: 3 });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({ time: '1970-01-01T00:00:00.000Z', level: 'warn', message: 'two\nlines', code: 'x', count: 3 });
});

test('the level can be changed while it runs', () => {
  const lines: string[] = [];
  const logger = createLogger('error', () => 0, (line) => lines.push(line));
  logger.log('debug', 'before');
  logger.level = 'debug';
  logger.log('debug', 'after');
  expect(lines).toHaveLength(1);
});
