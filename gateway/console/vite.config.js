import { defineConfig } from 'vite';

// Everything the browser loads comes from the gateway itself: no inline script or style, no data: assets, hashed names.
export default defineConfig({
  build: {
    target: ['es2020', 'chrome87', 'firefox91'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
  },
  server: {
    proxy: {
      '/api': { target: process.env.GATEWAY || 'https://localhost:8443', secure: false },
      '/ws': { target: process.env.GATEWAY || 'https://localhost:8443', secure: false, ws: true },
    },
  },
});
