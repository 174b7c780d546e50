/** Writes `schema.json` from `schema.ts`: `node proxy/static/print-schema.ts`. */
import { writeFileSync } from 'node:fs';
import { schemaJson } from './schema.ts';

writeFileSync(new URL('schema.json', import.meta.url), schemaJson());
