/** Mails on their way: a bounded queue with a few tries, so that no answer waits for a mail server. */
import type { Log } from '../log.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** Hands one mail over; rejects when the server doesn't take it. */
export type MailTransport = (mail: Mail) => Promise<void>;

export interface MailCounters {
  sent: number;
  /** Tries that failed and are repeated, and mails that are given up. */
  retried: number;
  failed: number;
  /** Mails that found the queue full. */
  dropped: number;
}

export interface Mailer {
  /** Never throws or waits. */
  send(mail: Mail): void;
  /** Begins no further try; resolves when those under way have ended. */
  stop(): Promise<void>;
  readonly counters: Readonly<MailCounters>;
}

/** Mails waiting or under way. */
const QUEUE_MAX = 1_000;
/** Pauses before the next tries: a server that is away for longer is the operator's to see. */
const RETRY_MS = [1_000, 10_000, 60_000, 300_000] as const;

export interface MailerOptions {
  readonly transport: MailTransport;
  readonly log: Log;
  /** For tests: shorter pauses. */
  readonly retryMs?: readonly number[];
}

export function createMailer({ transport, log, retryMs = RETRY_MS }: MailerOptions): Mailer {
  const counters: MailCounters = { sent: 0, retried: 0, failed: 0, dropped: 0 };
  const underWay = new Set<Promise<void>>();
  const pauses = new Map<NodeJS.Timeout, () => void>();
  let stopped = false;

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        pauses.delete(timer);
        resolve();
      }, ms);
      pauses.set(timer, resolve);
    });
  }

  async function deliver(mail: Mail): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await transport(mail);
        counters.sent++;
        return;
      } catch (error) {
        const wait = retryMs[tries];
        if (wait === undefined || stopped) {
          counters.failed++;
          log.error({ error, subject: mail.subject }, 'a mail was not sent and is given up');
          return;
        }
        counters.retried++;
        log.warn({ error, subject: mail.subject, tries: tries + 1 }, 'a mail was not sent and is tried again');
        await pause(wait);
      }
    }
  }

  return {
    counters,
    send: (mail) => {
      if (stopped || underWay.size >= QUEUE_MAX) {
        counters.dropped++;
        log.error({ subject: mail.subject }, 'a mail was dropped: too many wait already');
        return;
      }
      const work: Promise<void> = deliver(mail).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    stop: async () => {
      stopped = true;
      for (const [timer, resolve] of pauses) {
        clearTimeout(timer);
        resolve();
      }
      await Promise.all(underWay);
    },
  };
}
