import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    // A data: URL would be no request to this server, which is all that the page's policy permits.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
