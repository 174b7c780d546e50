/** Starts the console in the browser. */
import '@fontsource-variable/inter';
import './ui/theme.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { makeQueryClient } from './api/queries.ts';
import { paths } from './paths.ts';
import { makeRouter } from './router.tsx';
import { paletteSheet } from './ui/palette.ts';

const router = makeRouter();

/** A session that ended sends the reader to sign in and back to where they were. */
function onSignedOut(): void {
  const { pathname, href } = router.state.location;
  if (pathname === paths.signIn() || pathname === paths.signUp()) return;
  router.history.push(`${paths.signIn()}?next=${encodeURIComponent(href)}`);
}

function start(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(paletteSheet());
  document.adoptedStyleSheets.push(sheet);
  const element = document.getElementById('root');
  if (element === null) throw new Error('index.html has no element #root');
  createRoot(element).render(
    <StrictMode>
      <QueryClientProvider client={makeQueryClient(onSignedOut)}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

// `vite web --mode mock` answers the API in the browser; a production build drops this line with all that it imports.
if (import.meta.env.DEV && import.meta.env.MODE === 'mock') (await import('./mock/install.ts')).installMock();
start();
