/** What the control plane may say of a proxy's access log and traces. */

export const ACCESS_LOG_FORMATS = ['off', 'apache', 'json'] as const;
export type AccessLogFormat = (typeof ACCESS_LOG_FORMATS)[number];

/** Absent members leave the proxy's own settings in force. */
export interface TelemetryOrders {
  readonly accessLog?: AccessLogFormat;
  /** Null: no spans. */
  readonly tracing?: TracingOrders | null;
}

export interface TracingOrders {
  /** URL of an OTLP/HTTP collector's traces: `http://10.0.0.5:4318/v1/traces`. */
  readonly collector: string;
  /** Share of the requests without a sampling decision that get a trace, 0 to 1. */
  readonly share: number;
}
