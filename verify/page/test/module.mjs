// The modules that the page bundles, and what judges vectors with them, bundled for Node.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

/** The text of the bundle, which sets nothing but its exports. */
export async function bundle(format) {
  const contents = "export * as api from '../src/api.ts'; export { classes, outcome, valuesOf } from './classes.mjs';";
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true, format, globalName: 'bundle', target: 'es2022', write: false, logLevel: 'warning',
  });
  return outputFiles[0].text;
}

const dir = mkdtempSync(join(tmpdir(), 'verify-page-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'bundle.mjs');
writeFileSync(file, await bundle('esm'));

export const { api, classes, outcome, valuesOf } = await import(pathToFileURL(file));
