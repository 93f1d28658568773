import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Leaves scripts and styles gzipped, and not twice: the server packs nothing, and unpacks for who cannot. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          if (/\.(css|js)$/.test(fileName)) {
            const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
            delete bundle[fileName];
            this.emitFile({
              type: "asset",
              fileName: `${fileName}.gz`,
              source: gzipSync(content, { level: 9 }),
            });
          }
        }
      },
    },
  };
}

export default defineConfig({
  base: "/console/",
  plugins: [react(), packed()],
  build: {
    outDir: "../src/entrepot/console/site",
    emptyOutDir: true,
    // The Content-Security-Policy allows neither inline scripts nor scripts from data: addresses.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // The design system alone is more than Vite's 500 kB; it is packed to a third and kept by browsers for good.
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
  },
  test: { include: ["src/**/*.test.ts"] },
});
