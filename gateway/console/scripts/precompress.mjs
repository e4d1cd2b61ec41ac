// Writes FILE.gz and FILE.br next to every text file of dist/ that gets smaller by it, and prints the size of the first load.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

let plain = 0;
let gzip = 0;
let brotli = 0;
for (const path of files(dist).filter((p) => /\.(html|js|css|svg|json|webmanifest)$/.test(p))) {
  const body = readFileSync(path);
  const gz = gzipSync(body, { level: 9 });
  const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } });
  writeFileSync(`${path}.gz`, gz);
  writeFileSync(`${path}.br`, br);
  plain += body.length;
  gzip += gz.length;
  brotli += br.length;
}
console.log(`console: ${plain} bytes, gzip ${gzip}, brotli ${brotli}`);
if (gzip > 150_000) {
  console.error('console: the first load is larger than 150 kB');
  process.exit(1);
}
