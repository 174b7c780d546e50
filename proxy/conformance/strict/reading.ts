/** What one reader made of bytes: the vocabulary that all judges answer in. */

/** A message as it was read; texts are ISO 8859-1, names of fields in lower case. */
export interface ReadMessage {
  /** Empty in a response. */
  readonly method: string;
  readonly target: string;
  /** 0 in a request. */
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** The reader saw its end. */
  readonly complete: boolean;
}

/**
 * What stood behind the last message: `none` nothing; `incomplete` the reader would have wanted more; `error` it refused
 * something, in the last message or behind it; `tunnel` bytes that are no HTTP any more; `rest` bytes behind a response.
 */
export type Tail = 'none' | 'incomplete' | 'error' | 'tunnel' | 'rest';

export interface Reading {
  readonly messages: readonly ReadMessage[];
  readonly tail: Tail;
  /** Why, in the reader's words; empty for none. */
  readonly error: string;
}

/** What a response answers; `UPGRADE` is a GET that asks for an upgrade. */
export type Answered = 'GET' | 'HEAD' | 'POST' | 'CONNECT' | 'UPGRADE';

/** A reader that has nothing in common with the proxy. */
export interface Judge {
  readonly name: string;
  /** The requests that a server would see in the bytes of one connection. */
  requests(bytes: string): Promise<Reading>;
  /** The response that a client would see, interim ones before it. */
  response(bytes: string, answers: Answered): Promise<Reading>;
  close(): void;
}
