import { defineConfig } from 'vitest/config';

// Timeouts are for a noisy machine with two cores: a test that waits for something polls, it doesn't guess.
const shared = {
  environment: 'node',
  testTimeout: 60_000,
  hookTimeout: 60_000,
  teardownTimeout: 30_000,
} as const;

const EXCLUDE = ['**/node_modules/**', '**/dist/**', '**/build/**'];

export default defineConfig({
  test: {
    globalSetup: ['infra/checks/postgres-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: 'parts', include: ['**/*.test.ts', '**/*.test.tsx'], exclude: [...EXCLUDE, 'infra/e2e/**', 'infra/kubernetes/real/**'] } },
      // Whole systems of many processes, after everything else; two at a time, since each waits most of its time for windows and clocks.
      {
        test: {
          ...shared, name: 'whole', include: ['infra/e2e/**/*.test.ts'], exclude: EXCLUDE,
          testTimeout: 180_000, hookTimeout: 180_000, sequence: { groupOrder: 1 },
        },
      },
      // `npm run test:kubernetes`. One cluster at a time: it has the machine's cores, and addresses that two would share.
      {
        test: {
          ...shared, name: 'kubernetes', include: ['infra/kubernetes/real/**/*.test.ts'], exclude: EXCLUDE,
          fileParallelism: false, testTimeout: 180_000, hookTimeout: 300_000, sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
