/** Every code that a program says has its page, and every page a program that says it. */
import { AGENT_CODES } from '../../agent/wire/codes.ts';
import { LAUNCH_CODES } from '../../cloud/wire/codes.ts';
import { ERROR_CODES } from '../../cloud/wire/errors.ts';
import { ANSWER_CODES, PROXY_CODES } from '../../proxy/wire/codes.ts';
import { type CheckResult, type SourceFile, isTest, lineOf } from './tree.ts';

/** The table of each part, and the codes of others that it says as well. */
const PARTS = [
  { folder: 'proxy/', table: 'proxy/wire/codes.ts', codes: [PROXY_CODES, ANSWER_CODES] },
  { folder: 'agent/', table: 'agent/wire/codes.ts', codes: [AGENT_CODES] },
  { folder: 'cloud/', table: 'cloud/wire/codes.ts', codes: [ERROR_CODES, AGENT_CODES, LAUNCH_CODES] },
  { folder: 'infra/', table: 'cloud/wire/codes.ts', codes: [LAUNCH_CODES, ERROR_CODES] },
] as const;

/** Programs of developers, whose faults nobody looks up; tables; what stands in for others in tests. */
const APART = /^(?:proxy\/(?:bench|conformance|simulate|test)\/|infra\/(?:bench|chaos|checks)\/)|\/codes\.ts$|(?:^|\/)(?:testing|fake-[\w-]+|samples)\.ts$/;
/** How a code is said in the source. */
const SAID = [
  /\bcode: '(?<code>[a-z]+(?:[_-][a-z0-9]+)*)'/g,
  /(?:\b(?:Agent|Start|Api)?(?:Fault|Error)|\b(?:refuse|refusal|meshFault|faults\.add|list\.add|this\.add))\(\s*(?:services, (?:state|before), )?'(?<code>[a-z]+(?:[_-][a-z0-9]+)+|internal|forbidden|conflict|unavailable|unauthenticated|stopping|fenced|replaced|overloaded)'/g,
  /\berror \[(?<code>[a-z_]+)\]/g,
  /\((?<code>[a-z]+_[a-z_]+)\)[`'"]/g,
] as const;
/** Words that stand where codes do and are none: zod's, the runtime's, protocol names of the static schema. */
const NO_CODES = new Set(['code', 'custom', 'invalid_union', 'invalid_type', 'unrecognized_keys', 'unreadable']);

export function checkCodes(files: readonly SourceFile[]): CheckResult {
  const sources = files.filter((file) => file.path.endsWith('.ts') && !isTest(file.path) && !APART.test(file.path));
  return { name: 'codes', faults: [...sources.flatMap(strangers), ...unsaid(sources)] };
}

/** Codes without a page. */
function strangers(file: SourceFile): string[] {
  const part = PARTS.find(({ folder }) => file.path.startsWith(folder));
  if (part === undefined) return [];
  const said = SAID.flatMap((pattern) => [...file.text.matchAll(pattern)]);
  return said.flatMap((match) => {
    const code = match.groups?.['code'] ?? '';
    if (NO_CODES.has(code) || part.codes.some((table) => Object.hasOwn(table, code))) return [];
    return [`${file.path}:${lineOf(file.text, match.index)} says "${code}", which has no page: add it to ${part.table}`];
  });
}

/** Pages that no program leads to. */
function unsaid(files: readonly SourceFile[]): string[] {
  const words = new Set(files.flatMap((file) => file.text.match(/[a-z]+(?:[_-][a-z0-9]+)*/g) ?? []));
  const codes = [...new Set(PARTS.flatMap((part) => part.codes.flatMap((table) => Object.keys(table))))];
  return codes.filter((code) => !words.has(code)).map((code) => `no program says "${code}": its page describes what can't happen any more`);
}
