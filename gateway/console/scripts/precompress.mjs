// Writes FILE.gz and FILE.br next to every text file of dist/, prints the size of the first load, and refuses what the oldest
// supported browsers (Chromium 87, Firefox 91) cannot do: the compiler lowers syntax, but it adds no missing function.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const FIRST_LOAD_MAX = 150_000;

// name, what it looks like in a bundle, the Chromium that first had it
const TOO_NEW = [
  ['crypto.randomUUID', /\brandomUUID\b/, 92],
  ['structuredClone', /\bstructuredClone\s*\(/, 98],
  ['Array.at, String.at', /\.at\(/, 92],
  ['Object.hasOwn', /\bObject\.hasOwn\b/, 93],
  ['Array.findLast', /\.findLast(Index)?\(/, 97],
  ['toSorted, toReversed, toSpliced, with', /\.to(Sorted|Reversed|Spliced)\(|\.with\(/, 110],
  ['Object.groupBy', /\b(Object|Map)\.groupBy\b/, 117],
  ['Array.fromAsync', /\bfromAsync\b/, 121],
  ['Promise.withResolvers', /\bwithResolvers\b/, 119],
  ['AbortSignal.timeout, AbortSignal.any', /\bAbortSignal\.(timeout|any)\b/, 103],
  ['Error cause', /new Error\([^)]*,\s*\{\s*cause/, 93],
  ['RegExp flags d, v', /\/[gimsuy]*[dv][gimsuy]*\.(test|exec)\(/, 90],
  ['scheduler, navigation, view transitions', /\b(scheduler\.postTask|navigation\.navigate|startViewTransition)\b/, 94],
  ['selector :has, :is, :where', /(querySelector|querySelectorAll|matches|closest)\(\s*["'`][^"'`]*:(has|is|where)\(/, 88],
  ['CSS :has, :is, :where', /:(has|is|where)\(/, 88],
  ['CSS nesting, layers, containers', /@(layer|container|scope)\b/, 99],
  ['CSS dvh, svh, color-mix', /\d(dvh|svh|lvh)\b|color-mix\(/, 108],
];

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const sizes = { plain: 0, gzip: 0, brotli: 0 };
const complaints = [];
for (const path of files(dist).filter((p) => /\.(html|js|css|svg|json|webmanifest)$/.test(p))) {
  const body = readFileSync(path);
  const gz = gzipSync(body, { level: 9 });
  const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } });
  writeFileSync(`${path}.gz`, gz);
  writeFileSync(`${path}.br`, br);
  sizes.plain += body.length;
  sizes.gzip += gz.length;
  sizes.brotli += br.length;
  if (/\.(js|css)$/.test(path)) {
    const text = body.toString('utf8');
    for (const [name, pattern, since] of TOO_NEW) {
      const found = name.startsWith('CSS') && !path.endsWith('.css') ? null : pattern.exec(text); // `x:is(y)` is script, too
      if (found) {
        complaints.push(`${name} needs Chromium ${since}: ...${text.slice(Math.max(0, found.index - 40), found.index + 40)}...`);
      }
    }
  }
}
console.log(`console: ${sizes.plain} bytes, gzip ${sizes.gzip}, brotli ${sizes.brotli}`);
if (sizes.gzip > FIRST_LOAD_MAX) {
  complaints.push(`the first load is larger than ${FIRST_LOAD_MAX} bytes`);
}
for (const complaint of complaints) {
  console.error(`console: ${complaint}`);
}
process.exitCode = complaints.length > 0 ? 1 : 0;
