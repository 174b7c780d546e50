/** Arguments of `npm run demo:break`, checked whole. Pure. */

export interface BreakOptions {
  /** `name` or `namespace/name`. */
  readonly service: string;
  readonly cluster: string | undefined;
  readonly seconds: number;
  readonly share: number;
}

export type ParsedBreak =
  | { readonly kind: 'help' }
  | { readonly kind: 'options'; readonly options: BreakOptions }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

export const BREAK_HELP = `npm run demo:break -- SERVICE [--cluster NAME] [--for 60s] [--share 0.5]

Makes a service of the running demo fail for a while. The incident is on the console and at the demo's webhook
receiver some seconds later, and resolves after the end.

  SERVICE    for example prices, or shop/prices
  --cluster  eu-west or us-east, where both have such a service
  --for      10s, 2m, at most 60m (default 60s); 0s mends it at once
  --share    share of its requests that fail, above 0 to 1 (default 0.5)

SIDELIGHT_DATA must be the same as the demo's.`;

const DEFAULT_SECONDS = 60;
const DEFAULT_SHARE = 0.5;
const SECONDS_MAX = 3_600;

export function parseBreak(args: readonly string[]): ParsedBreak {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' };
  const faults: string[] = [];
  const named = new Map<string, string>();
  const plain: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('--')) {
      plain.push(arg);
      continue;
    }
    const [name = '', joined] = arg.slice(2).split('=', 2);
    if (!['cluster', 'for', 'share'].includes(name)) {
      faults.push(`--${name} is not known`);
      continue;
    }
    const value = joined ?? args[(index += 1)];
    if (value === undefined) faults.push(`--${name} needs a value`);
    else named.set(name, value);
  }
  const [service, ...more] = plain;
  if (service === undefined) faults.push('name the service to break');
  if (more.length > 0) faults.push(`one service at a time; "${more.join(' ')}" is too much`);
  const seconds = secondsOf(named.get('for') ?? `${DEFAULT_SECONDS}s`);
  if (seconds === undefined) faults.push(`--for ${named.get('for')} is no duration from 0s to ${SECONDS_MAX / 60}m`);
  const share = Number(named.get('share') ?? DEFAULT_SHARE);
  if (!(share > 0 && share <= 1)) faults.push(`--share ${named.get('share')} is not above 0 and at most 1`);
  if (faults.length > 0 || service === undefined || seconds === undefined) return { kind: 'faults', faults };
  return { kind: 'options', options: { service, cluster: named.get('cluster'), seconds, share } };
}

function secondsOf(text: string): number | undefined {
  const match = /^(\d{1,5})(s|m)?$/.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[1]) * (match[2] === 'm' ? 60 : 1);
  return seconds <= SECONDS_MAX ? seconds : undefined;
}
