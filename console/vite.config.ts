import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Writes each file again, gzipped: the server packs nothing while it answers. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
          const smaller = gzipSync(content, { level: 9 });
          if (smaller.length < content.length) {
            this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source: smaller });
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
