/** Reads what the control plane says of access log, traces and tap. Pure. */
import { DIRECTIONS } from '../wire/labels.ts';
import { TAP_MS_MAX, TAP_PER_SECOND_MAX, TAP_SESSIONS_MAX, type TapFilter, type TapSession } from '../wire/tap.ts';
import { ACCESS_LOG_FORMATS, type TelemetryOrders, type TracingOrders } from '../wire/telemetry.ts';
import { asList, asObject, asOneOf, asString, asWhole, ifThere, orNull, ShapeError } from './shape.ts';

const URL_LENGTH_MAX = 2_048;
const STATUS_CLASS_MAX = 5;

function collector(value: unknown, path: string): string {
  const text = asString(value, path, URL_LENGTH_MAX);
  if (!isCollector(text)) throw new ShapeError(path, 'an http or https URL', value);
  return text;
}

/** True for a URL that spans can be posted to. */
export function isCollector(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}

function share(value: unknown, path: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw new ShapeError(path, 'a number from 0 to 1', value);
  return value;
}

function tracing(value: unknown, path: string): TracingOrders {
  const fields = asObject(value, path);
  return { collector: collector(fields['collector'], `${path}.collector`), share: share(fields['share'], `${path}.share`) };
}

/** Throws `ShapeError`. */
export function decodeTelemetry(value: unknown, path: string): TelemetryOrders {
  const fields = asObject(value, path);
  return {
    ...ifThere('accessLog', fields, path, (format, at) => asOneOf(format, at, ACCESS_LOG_FORMATS)),
    ...ifThere('tracing', fields, path, (orders, at) => orNull(orders, at, tracing)),
  };
}

function tapFilter(value: unknown, path: string): TapFilter {
  const fields = asObject(value, path);
  const word = (text: unknown, at: string) => asString(text, at, 512);
  return {
    ...ifThere('direction', fields, path, (direction, at) => asOneOf(direction, at, DIRECTIONS)),
    ...ifThere('method', fields, path, word),
    ...ifThere('pathPrefix', fields, path, word),
    ...ifThere('statusClass', fields, path, (digit, at) => asWhole(digit, at, 0, STATUS_CLASS_MAX)),
    ...ifThere('peer', fields, path, word),
  };
}

function tapSession(value: unknown, path: string): TapSession {
  const fields = asObject(value, path);
  const id = asString(fields['id'], `${path}.id`, 64);
  return {
    id,
    filter: tapFilter(fields['filter'], `${path}.filter`),
    perSecondMax: asWhole(fields['perSecondMax'], `${path}.perSecondMax`, 1, TAP_PER_SECOND_MAX),
    endsInMs: asWhole(fields['endsInMs'], `${path}.endsInMs`, 0, TAP_MS_MAX),
  };
}

/** The sessions of a tap message. Throws `ShapeError`. */
export function decodeTapSessions(value: unknown, path: string): TapSession[] {
  return asList(value, path, TAP_SESSIONS_MAX, tapSession);
}
