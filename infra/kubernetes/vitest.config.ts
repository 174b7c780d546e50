import { defineConfig } from 'vitest/config';

/** One cluster at a time: it has the machine's cores, and addresses that two would share. */
export default defineConfig({
  test: {
    include: ['infra/kubernetes/real/**/*.test.ts'], exclude: ['**/node_modules/**'], root: new URL('../..', import.meta.url).pathname,
    environment: 'node', pool: 'forks', maxWorkers: 1, fileParallelism: false, testTimeout: 180_000, hookTimeout: 300_000, teardownTimeout: 60_000,
    globalSetup: ['infra/checks/postgres-setup.ts'],
  },
});
