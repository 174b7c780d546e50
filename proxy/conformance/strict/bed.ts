/** The proxies under test and the backends behind them, as lanes: one payload at a time in each, so that nothing is mixed up. */
import { freePorts } from '../../test/free-ports.ts';
import { shopIdentity, StaticBed, type Program, type RunningProxy } from '../../test/static-bed.ts';
import { RecordingBackend } from './backend.ts';

/** `plain`: client → plain listener → app. `pair`: client → outbound proxy → mTLS → inbound proxy → app. */
export type Path = 'plain' | 'pair';

export interface Lane {
  /** Where clients connect. */
  readonly port: number;
  readonly backend: RecordingBackend;
}

export interface Bed {
  readonly lanes: readonly Lane[];
  /** What crashed since the last look, with the end of its log; all that ended is started again on the same ports. */
  mend(): Promise<string | null>;
  stop(): Promise<void>;
}

interface Ports {
  readonly mesh: number;
  readonly targets: readonly number[];
  readonly plain: readonly number[];
  readonly outbound: readonly number[];
}

const address = (port: number | undefined): string => `127.0.0.1:${port}`;

async function choosePorts(lanes: number): Promise<Ports> {
  const ports = await freePorts(lanes * 3 + 1);
  return { mesh: ports[lanes * 3] ?? 0, targets: ports.slice(0, lanes), plain: ports.slice(lanes, lanes * 2), outbound: ports.slice(lanes * 2, lanes * 3) };
}

function startInbound(bed: StaticBed, ports: Ports, program: Program): Promise<RunningProxy> {
  const inbound = ports.targets.map((target, lane) => ({ target: address(target), services: [`shop/app-${lane}`], plain: address(ports.plain[lane]) }));
  return bed.start('app', { logLevel: 'warn', inbound: { mesh: address(ports.mesh), ports: inbound } }, program);
}

function startOutbound(bed: StaticBed, ports: Ports, program: Program): Promise<RunningProxy> {
  const mesh = { address: address(ports.mesh), identity: shopIdentity('app') };
  const outbound = ports.outbound.map((port, lane) => ({
    listen: address(port), service: `shop/app-${lane}`, port: 80, endpoints: [{ address: address(ports.targets[lane]), workload: 'shop/host/app', mesh }],
  }));
  return bed.start('caller', { logLevel: 'warn', outbound }, program);
}

export async function startBed(path: Path, lanes: number, program: Program): Promise<Bed> {
  const bed = new StaticBed();
  const ports = await choosePorts(lanes);
  const backends = ports.targets.map(() => new RecordingBackend());
  await Promise.all(backends.map((backend, lane) => backend.listen(ports.targets[lane] ?? 0)));
  const starts = path === 'pair' ? [startInbound, startOutbound] : [startInbound];
  const proxies = await Promise.all(starts.map((start) => start(bed, ports, program)));
  const entry = path === 'pair' ? ports.outbound : ports.plain;
  return {
    lanes: backends.map((backend, lane) => ({ backend, port: entry[lane] ?? 0 })),
    mend: async () => {
      const down = proxies.findIndex((proxy) => !proxy.isRunning());
      const start = starts[down];
      if (start === undefined) return null;
      const log = proxies[down]?.log().slice(-2_000) ?? '';
      proxies[down] = await start(bed, ports, program);
      return log;
    },
    stop: async () => {
      await bed.stop();
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}
