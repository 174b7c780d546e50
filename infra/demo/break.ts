/** `npm run demo:break -- SERVICE`: makes a service of the running demo fail for a while, through its control port. */
import { resolve } from 'node:path';
import { Fault, faultText } from '../fault.ts';
import { BREAK_HELP, type BreakOptions, parseBreak } from './break-options.ts';
import { DEMO_CLUSTERS } from './clusters.ts';
import { type ControlPort, controlPorts, demoFolder } from './folder.ts';

const say = (line: string): void => { process.stdout.write(`${line}\n`); };

async function breakService(options: BreakOptions): Promise<void> {
  const data = resolve(process.env['SIDELIGHT_DATA'] ?? '.sidelight');
  const known = await controlPorts(demoFolder(data), DEMO_CLUSTERS.map((cluster) => cluster.name));
  if (known.length === 0) throw new Fault('demo_not_running', `No demo runs on ${data}.`, 'Start it with "npm start", with the same SIDELIGHT_DATA.');
  const target = choose(known, options);
  const response = await fetch(`http://${target.host}:${target.port}/`, { method: 'POST', body: JSON.stringify({ share: options.share, seconds: options.seconds }) });
  if (!response.ok) throw new Fault('demo_break_refused', `${target.service} answered ${response.status}: ${await response.text()}`, 'Look at its log in the data folder.');
  const name = `${target.service} in ${target.cluster}`;
  if (options.seconds === 0) return say(`${name} is mended`);
  say(`${name} fails ${Math.round(options.share * 100)} % of its requests for ${options.seconds} s`);
  say('The incident comes within half a minute, on the console and in the terminal of "npm start"; it resolves about a minute after the end.');
}

/** The one service that the name means. Faults: `service_unknown`, `service_ambiguous`. */
function choose(known: readonly ControlPort[], { service, cluster }: BreakOptions): ControlPort {
  const found = known.filter((entry) => (cluster === undefined || entry.cluster === cluster) && (entry.service === service || entry.service.split('/')[1] === service));
  const [first, second] = found;
  const list = known.map((entry) => `  ${entry.service} in ${entry.cluster}`).join('\n');
  if (first === undefined) {
    throw new Fault('service_unknown', `There is no service "${service}"${cluster === undefined ? '' : ` in a cluster "${cluster}"`}. These run:\n${list}`, 'Name one of them.');
  }
  if (second !== undefined) {
    throw new Fault('service_ambiguous', `"${service}" means ${found.map((entry) => `${entry.service} in ${entry.cluster}`).join(' or ')}.`, 'Add --cluster, or the namespace.');
  }
  return first;
}

const parsed = parseBreak(process.argv.slice(2));
switch (parsed.kind) {
  case 'help':
    say(BREAK_HELP);
    break;
  case 'faults':
    process.stderr.write(`error [argument_invalid] ${parsed.faults.join('; ')}\n\n${BREAK_HELP}\n`);
    process.exitCode = 2;
    break;
  case 'options':
    await breakService(parsed.options).catch((error: unknown) => {
      process.stderr.write(`${faultText(error)}\n`);
      process.exitCode = 1;
    });
    break;
  default:
    parsed satisfies never;
}
