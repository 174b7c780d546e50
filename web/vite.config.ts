/** Build of the console: `vite build web` writes web/dist; `vite web` serves it with /api sent on to the cloud. */
import react from '@vitejs/plugin-react';
import tailwind from '@tailwindcss/vite';
import { defineConfig } from 'vite';

/** Where `npm run serve` listens. */
const CLOUD = 'http://127.0.0.1:7400';

export default defineConfig({
  plugins: [react(), tailwind()],
  server: {
    host: '127.0.0.1', port: 7410,
    // Not all of /api: the console's own sources are in a folder of that name.
    proxy: { '^/api/(v1|auth)/': { target: CLOUD, changeOrigin: false } },
  },
  preview: { host: '127.0.0.1', port: 7411 },
  build: { target: 'es2023', outDir: 'dist', emptyOutDir: true, reportCompressedSize: true, chunkSizeWarningLimit: 700 },
});
