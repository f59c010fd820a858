// Makes verify.html, the same bytes every time: one file that fetches nothing.
//
//   node build.mjs          writes verify.html
//   import { page }         its bytes, for the test that compares

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), 'utf8');

const libraries = ['@noble/curves', '@noble/hashes', '@noble/post-quantum', 'qr'];

async function bundle(entry, loader) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: here('.'), entryPoints: [entry], loader: { '.css': loader }, bundle: true, write: false, metafile: true,
    format: 'iife', target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'], platform: 'browser', charset: 'utf8', minify: true,
    legalComments: 'none', logLevel: 'warning',
  });
  return { text: outputFiles[0].text.trim(), inputs: Object.keys(metafile.inputs) };
}

/** Each text once, after the packages that it is the licence of. */
function licences(inputs) {
  const used = libraries.filter((name) => inputs.some((i) => i.includes(`node_modules/${name}/`)));
  const others = inputs.filter((i) => i.includes('node_modules/') && !used.some((name) => i.includes(`node_modules/${name}/`)));
  if (others.length > 0) throw new Error(`libraries without a licence here: ${others}`);
  const texts = new Map([[read('../../LICENSE').trim(), ['Chirograph']]]);
  for (const name of used) {
    const text = read(`node_modules/${name}/${name === 'qr' ? 'LICENSE-MIT' : 'LICENSE'}`).trim();
    const { version } = JSON.parse(read(`node_modules/${name}/package.json`));
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
  }
  return [...texts].map(([text, names]) => `${names.join(', ')}:\n\n${text}`).join('\n\n').replaceAll('--', '- -');
}

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export async function page() {
  const [script, style] = [await bundle('src/start.ts', 'css'), await bundle('src/page.css', 'css')];
  for (const text of [script.text, style.text]) {
    if (/<\/(script|style)|<!--/i.test(text)) throw new Error('the bundle would end its own element');
  }
  const csp = [
    "default-src 'none'", `script-src ${hash(script.text)}`, `style-src ${hash(style.text)}`, "base-uri 'none'", "form-action 'none'",
    "require-trusted-types-for 'script'", 'trusted-types search', 'worker-src blob:',
  ].join('; ');
  const values = { csp, style: style.text, script: script.text, licences: licences(script.inputs) };
  return read('src/page.html').replaceAll(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(here('verify.html'), await page());
