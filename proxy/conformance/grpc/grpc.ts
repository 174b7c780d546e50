/** `npm run conformance -- grpc`: grpc-go's interop cases through a proxy and through a pair, many runs, and its soak test. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { wholeOption } from '../../test/arguments.ts';
import type { Program } from '../../test/static-bed.ts';
import { type GoProgram, installGoProgram } from '../go-program.ts';
import { type GrpcBed, WAYS, type Way, startGrpcBed } from './bed.ts';

const VERSION = 'v1.76.0';
export const INTEROP_CLIENT: GoProgram = { name: 'grpc-interop-client', path: 'google.golang.org/grpc/interop/client', version: VERSION };
export const INTEROP_SERVER: GoProgram = { name: 'grpc-interop-server', path: 'google.golang.org/grpc/interop/server', version: VERSION };

/** All that need neither TLS towards the server nor tokens of a cloud. */
const CASES = [
  'empty_unary', 'large_unary', 'client_streaming', 'server_streaming', 'ping_pong', 'empty_stream', 'timeout_on_sleeping_server',
  'cancel_after_begin', 'cancel_after_first_response', 'status_code_and_message', 'special_status_message', 'custom_metadata',
  'unimplemented_method', 'unimplemented_service',
] as const;
const RUNS_DEFAULT = 1;
const CASE_MS_MAX = 30_000;
const SOAK_MS_MAX = 600_000;
const EXIT_MISSING = 2;

const USAGE = `npm run conformance -- grpc [--runs N] [--soak CALLS] [--way ${WAYS.join('|')}] [--proxy EXECUTABLE] [--json FILE]
  --runs 20 --soak 10000 is the full run.`;

interface CaseResult {
  readonly way: Way;
  readonly name: string;
  passed: number;
  readonly failures: string[];
}

/** Runs; resolves with the exit code. */
export async function runGrpc(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: 'string' }, soak: { type: 'string' }, way: { type: 'string' }, proxy: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const runs = wholeOption('runs', values.runs, RUNS_DEFAULT);
  const soak = wholeOption('soak', values.soak, 0, 0);
  const [client, server] = [installGoProgram(INTEROP_CLIENT), installGoProgram(INTEROP_SERVER)];
  for (const program of [client, server]) if (program.kind === 'missing') process.stderr.write(`error [judge_missing] gRPC's interop programs can't run: ${program.why}. Run: ${program.remedy}\n`);
  if (client.kind === 'missing' || server.kind === 'missing') return EXIT_MISSING;
  const program: Program = values.proxy === undefined ? { kind: 'source' } : { kind: 'executable', path: values.proxy };
  const bed = await startGrpcBed(server.file, program);
  const results = await runAll(bed, client.file, WAYS.filter((way) => values.way === undefined || values.way === way), runs, soak).finally(() => bed.stop());
  process.stdout.write(`${print(results)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

async function runAll(bed: GrpcBed, client: string, ways: readonly Way[], runs: number, soak: number): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const way of ways) {
    for (const name of CASES) {
      const result: CaseResult = { way, name, passed: 0, failures: [] };
      results.push(result);
      for (let run = 0; run < runs; run++) add(result, await callClient(client, bed.ports[way], [`--test_case=${name}`], CASE_MS_MAX));
    }
    if (soak === 0) continue;
    const result: CaseResult = { way, name: `rpc_soak of ${soak}`, passed: 0, failures: [] };
    results.push(result);
    const options = ['--test_case=rpc_soak', `--soak_iterations=${soak}`, '--soak_max_failures=0', '--soak_per_iteration_max_acceptable_latency_ms=5000', `--soak_overall_timeout_seconds=${SOAK_MS_MAX / 1_000}`];
    add(result, await callClient(client, bed.ports[way], options, SOAK_MS_MAX));
  }
  return results;
}

function add(result: CaseResult, failure: string | null): void {
  if (failure === null) result.passed++;
  else result.failures.push(failure);
}

/** Null when the client is content, else the end of what it said. */
async function callClient(client: string, port: number, options: readonly string[], limitMs: number): Promise<string | null> {
  const child = spawn(client, ['--server_host=127.0.0.1', `--server_port=${port}`, '--use_tls=false', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return code === 0 ? null : `${code === null ? `nothing within ${limitMs} ms` : `exit code ${code}`}: ${said.trim().split('\n').at(-1) ?? ''}`;
}

function print(results: readonly CaseResult[]): string {
  return results.map(({ way, name, passed, failures }) =>
    [`${failures.length === 0 ? '✓' : '✗'} ${way.padEnd(6)} ${name.padEnd(28)} ${passed} passed, ${failures.length} failed`, ...failures.slice(0, 3).map((one) => `    ${one}`)].join('\n')).join('\n');
}
