// A module of the console as node can run it: bundled as for the browser.
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './gateway.mjs';

const folder = path.join(root, 'gateway/console');

export async function load(file) {
  const { buildSync } = createRequire(path.join(folder, 'package.json'))('esbuild');
  const built = buildSync({ entryPoints: [path.join(folder, 'src', file)], bundle: true, write: false, format: 'esm', target: 'chrome87', logLevel: 'error', nodePaths: [path.join(folder, 'node_modules')] });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].text).toString('base64')}`);
}
