/** One running tap: started by the reader, asked each second, ended with the page. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { call } from '../../api/client.ts';
import { inputOf, type TapFilter } from './tap-filter.ts';
import { EMPTY, withPage, type TapStream } from './tap-stream.ts';

/** The agent sends four times a second; a page that asks more often sees no more. */
const POLL_MS = 1_000;

export interface RunningTap {
  readonly stream: TapStream;
  readonly running: boolean;
  readonly error: Error | null;
  start(filter: TapFilter): void;
  stop(): void;
}

interface Params {
  readonly slug: string;
  readonly clusterId: string;
}

/** A tap of the cluster. It is stopped when the page goes; one that can't be stopped ends by itself when nobody reads it. */
export function useTap({ slug, clusterId }: Params): RunningTap {
  const [stream, setStream] = useState<TapStream>(EMPTY);
  const [id, setId] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const current = useRef<string | null>(null);

  const stop = useCallback((): void => {
    const stopped = current.current;
    current.current = null;
    setId(null);
    if (stopped !== null) void call('stopTap', { params: { slug, clusterId, id: stopped } }).catch(() => undefined);
  }, [slug, clusterId]);

  const start = (filter: TapFilter): void => {
    stop();
    setStream(EMPTY);
    setError(null);
    void call('startTap', { params: { slug, clusterId }, body: inputOf(filter) }).then((tap) => {
      current.current = tap.id;
      setStream({ ...EMPTY, tap });
      setId(tap.id);
    }, (reason: unknown) => setError(asError(reason)));
  };

  useEffect(() => stop, [stop]);
  useEffect(() => (id === null ? undefined : poll({ slug, clusterId, id }, setStream, setError, () => setId(null))), [slug, clusterId, id]);
  return { stream, running: id !== null, error, start, stop };
}

/** Asks until told to end; returns what tells it. */
function poll(params: Params & { readonly id: string }, update: (next: (before: TapStream) => TapStream) => void, failed: (error: Error | null) => void, over: () => void): () => void {
  let ended = false;
  let after = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    try {
      const page = await call('readTap', { params, query: { after } });
      if (ended) return;
      after = page.next;
      update((before) => withPage(before, page));
      failed(null);
      if (page.tap.state === 'over') return over();
    } catch (reason) {
      if (ended) return;
      failed(asError(reason));
    }
    timer = setTimeout(() => void ask(), POLL_MS);
  };
  void ask();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
