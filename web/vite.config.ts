import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** While the page is being worked on: a server to ask, and the token to ask it with. */
const server = process.env.BURSAR_SERVER ?? 'http://127.0.0.1:4320';
const token = process.env.BURSAR_TOKEN;
const toServer = {
  target: server,
  headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
};

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The policy of the server allows no script or style but files of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: { host: '127.0.0.1', port: 4330, strictPort: true, proxy: { '/api': toServer } },
  preview: { host: '127.0.0.1', port: 4331, strictPort: true, proxy: { '/api': toServer } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
