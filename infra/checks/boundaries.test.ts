import { expect, test } from 'vitest';
import { checkBoundaries, importsOf } from './boundaries.ts';

const faults = (path: string, text: string): readonly string[] => checkBoundaries([{ path, text }]).faults;

test('all forms of import are seen, those in comments are not', () => {
  const text = `/* import x from 'comment' */\nimport a from 'a';\nimport type { B,\n  C } from "b";\nimport 'side';\nexport { d } from './d.ts';\nconst e = await imp${'ort'}('e');\n// import y from 'line'\n`;
  expect(importsOf(text).map((found) => found.specifier)).toEqual(['a', 'b', 'side', './d.ts', 'e']);
});

test.each([
  ['proxy/protocol/http1/reader.ts', "import { connect } from 'node:net';"],
  ['proxy/wire/mesh.ts', "import { x } from '../config.ts';"],
  ['agent/aggregate/merge.ts', "import { readFile } from 'node:fs';"],
  ['agent/uplink/socket.ts', "import { app } from '../../cloud/app.ts';"],
  ['cloud/app.ts', "import React from 'react';"],
  ['web/main.tsx', "import postgres from 'postgres';"],
  ['web/main.tsx', "import { tenant } from '../cloud/db/tenant.ts';"],
  ['proxy/main.ts', "import pino from 'pino';"],
])('%s may not: %s', (path, text) => {
  expect(faults(path, `/** A file. */\n${text}\n`)).toHaveLength(1);
  expect(faults(path, `/** A file. */\n${text}\n`)[0]).toMatch(new RegExp(`^${path}:2 imports `));
});

test.each([
  ['proxy/main.ts', "import { x } from './wire/mesh.ts';"],
  ['agent/proxies/server.ts', "import { x } from '../../proxy/wire/orders.ts';"],
  ['web/api/client.ts', "import { calls } from '../../cloud/wire/calls.ts';"],
  ['cloud/wire/calls.ts', "import { z } from 'zod';"],
  ['proxy/protocol/http1/reader.test.ts', "import { test } from 'vitest';"],
  ['infra/serve.ts', "import { migrate } from '../cloud/db/migrate.ts';"],
])('%s may: %s', (path, text) => {
  expect(faults(path, `${text}\n`)).toEqual([]);
});
