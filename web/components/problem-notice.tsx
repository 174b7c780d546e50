/** What went wrong, as a sentence, with the code and the request's id for whoever helps. */
import { useState } from 'react';
import { ApiError } from '../api/problem.ts';
import { Button } from '../ui/button.tsx';

/** What browsers say when a part of the page is gone from the server, since a newer console replaced it. */
const PART_GONE = /dynamically imported module|importing a module script|unable to preload/i;

function sentenceOf(error: unknown): string {
  if (error instanceof Error && PART_GONE.test(error.message)) return 'A newer console has replaced this one, or the network is away. Reload the page.';
  return error instanceof Error ? error.message : 'Something failed that the console did not expect.';
}

/** Trying again may help unless the call itself was refused. */
function mayHelp(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;
}

export function ProblemNotice({ error, retry, what }: { error: unknown; retry?: () => void; what?: string }): React.JSX.Element {
  const api = error instanceof ApiError ? error : null;
  return (
    <div role="alert" className="max-w-2xl rounded-md border border-line-strong bg-surface p-4">
      <p className="font-medium">{what === undefined ? sentenceOf(error) : `${what} ${sentenceOf(error)}`}</p>
      {api !== null && api.faults.length > 0 && (
        <ul className="mt-2 list-disc pl-5 text-muted">
          {api.faults.map((fault) => <li key={`${fault.path}${fault.message}`}><code className="font-mono text-xs">{fault.path}</code>: {fault.message}</li>)}
        </ul>
      )}
      <p className="mt-1 text-xs text-faint">
        {api === null ? 'console_fault' : api.code}
        {api?.requestId != null && <> · request <span className="font-mono select-all">{api.requestId}</span></>}
      </p>
      {retry !== undefined && mayHelp(error) && <Button small className="mt-3" onClick={retry}>Try again</Button>}
    </div>
  );
}

/** A line above data that is shown still while newer data can't be had. */
export function StaleNotice({ error }: { error: unknown }): React.JSX.Element {
  return (
    <p role="status" className="mb-4 rounded-md border border-degraded bg-degraded-tint px-3 py-1.5 text-xs">
      The page shows the last answer. {sentenceOf(error)}
    </p>
  );
}

/** For a whole page or area that threw. */
export function ErrorPage({ error, reset }: { error: unknown; reset?: () => void }): React.JSX.Element {
  const [shown, setShown] = useState(false);
  return (
    <div className="mx-auto mt-16 max-w-xl p-4">
      <ProblemNotice error={error} {...(reset === undefined ? {} : { retry: reset })} />
      {error instanceof Error && !(error instanceof ApiError) && (
        <div className="mt-3 text-xs text-faint">
          <button type="button" className="underline" onClick={() => setShown(!shown)}>{shown ? 'Hide' : 'Show'} what a developer needs</button>
          {shown && <pre className="mt-2 overflow-auto rounded border border-line bg-raised p-2 font-mono">{error.stack}</pre>}
        </div>
      )}
    </div>
  );
}
