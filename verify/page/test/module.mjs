// The modules that the page bundles, bundled for Node.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('../src/api.ts', import.meta.url))],
  bundle: true, format: 'esm', target: 'es2022', write: false, logLevel: 'warning',
});
const dir = mkdtempSync(join(tmpdir(), 'verify-page-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'api.mjs');
writeFileSync(file, outputFiles[0].contents);

export const api = await import(pathToFileURL(file));
