/** Every counted exchange with its exact times, as a line of JSON: what the histograms are held against. For tests and measurements. */
import type { ExchangeEnd } from '../exchange.ts';
import type { EdgeKey } from '../wire/report.ts';
import type { Recorder } from './recorder.ts';

/** One line of the file. */
export type ExchangeLine = Pick<EdgeKey, 'direction' | 'source' | 'service' | 'destination'> & ExchangeEnd;

/** A recorder that passes everything on and gives `append` a line for each exchange that ended. */
export function withExchangeFile(recorder: Recorder, append: (line: string) => void): Recorder {
  return {
    edge: (key, facts) => recorder.edge(key, facts),
    bytes: (handle, bytesIn, bytesOut) => recorder.bytes(handle, bytesIn, bytesOut),
    began: (handle) => recorder.began(handle),
    attempted: (handle, end) => recorder.attempted(handle, end),
    refused: (direction, reason) => recorder.refused(direction, reason),
    detected: (port, result, tookUs) => recorder.detected(port, result, tookUs),
    passedThrough: (direction, serverName) => recorder.passedThrough(direction, serverName),
    dialled: (service, port, protocol) => recorder.dialled(service, port, protocol),
    connection: (direction, peer, change, facts) => recorder.connection(direction, peer, change, facts),
    ended: (handle, end) => {
      const { direction, source, service, destination } = handle.key;
      const line: ExchangeLine = { direction, source, service, destination, ...end };
      append(`${JSON.stringify(line)}\n`);
      recorder.ended(handle, end);
    },
  };
}
