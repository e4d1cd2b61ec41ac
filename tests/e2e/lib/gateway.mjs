// Starts the real gateway for a browser test: fresh data folder, development CA, demonstration data, free ports.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const reports = path.join(root, 'build/reports');
export const pydicom = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
mkdirSync(reports, { recursive: true });

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(what, check, timeout_ms = 20000, pause_ms = 100) {
  const end = Date.now() + timeout_ms;
  let last;
  for (;;) {
    try {
      last = await check();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`timed out after ${timeout_ms} ms: ${what}${last instanceof Error ? ': ' + last.message : ''}`);
    await sleep(pause_ms);
  }
}

async function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Gateway {
  constructor(build = process.env.TEST_BUILD ?? path.join(root, 'build/release')) {
    this.build = build;
    this.data = mkdtempSync(path.join(os.tmpdir(), 'cg-e2e-'));
    this.logFile = path.join(reports, `e2e-gateway-${path.basename(process.argv[1], '.mjs')}.log`);
    this.log = createWriteStream(this.logFile, { flags: 'w' });
    this.demo = JSON.parse(readFileSync(path.join(root, 'deploy/demo/demo.json'), 'utf8'));
    this.process = null;
  }

  async prepare() {
    this.port = await freePort();
    this.udp = 20000 + Math.floor(Math.random() * 20000);
    this.origin = `https://localhost:${this.port}`;
    execFileSync(path.join(root, 'certs/devca.sh'), [path.join(this.data, 'tls')], { stdio: 'pipe' });
    this.consultctl('import', path.join(root, 'deploy/demo/demo.json'));
  }

  // On this data folder, whether the gateway runs or not.
  consultctl(...words) {
    return execFileSync(path.join(this.build, 'consultctl'), [...words, '--data', this.data], { stdio: 'pipe' });
  }

  async start(...settings) {
    this.process = spawn(path.join(this.build, 'consult-gateway'), ['--data', this.data, '--port', String(this.port), '--listen', '0.0.0.0',
      '--udp_port_first', String(this.udp), '--console_folder', path.join(root, 'gateway/console/dist'),
      '--certificate', path.join(this.data, 'tls/server.pem'), '--key', path.join(this.data, 'tls/server.key'), ...settings],
    { stdio: ['ignore', 'inherit', 'pipe'] });
    this.process.stderr.pipe(this.log, { end: false });
    this.exited = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve({ code, signal })));
    await until('gateway is ready', async () => {
      if (this.process.exitCode !== null) return 'ended';
      return (await this.get('/readyz')).status === 200 && 'ready';
    }, 20000, 50).then((state) => {
      if (state !== 'ready') throw new Error(`the gateway ended at start: see ${this.logFile}`);
    });
  }

  get(pathname, headers = {}) {
    const out = execFileSync('curl', ['-sk', '-o', '-', '-w', '\n%{http_code}', ...Object.entries(headers).flatMap(([k, v]) => ['-H', `${k}: ${v}`]),
      `https://127.0.0.1:${this.port}${pathname}`], { encoding: 'utf8', maxBuffer: 1 << 26 });
    const cut = out.lastIndexOf('\n');
    return { status: Number(out.slice(cut + 1)), text: out.slice(0, cut) };
  }

  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    return this.exited;
  }

  sql(query) {
    return JSON.parse(execFileSync('sqlite3', ['-json', '-readonly', path.join(this.data, 'consult.db'), query], { encoding: 'utf8' }) || '[]');
  }

  async stop() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGTERM');
      await Promise.race([this.exited, sleep(8000)]);
      if (this.process.exitCode === null) this.process.kill('SIGKILL');
    }
    if (!process.env.TEST_KEEP) rmSync(this.data, { recursive: true, force: true });
  }
}

// Counts checks; the closing line is "N passed, N failed".
export class Checks {
  constructor() {
    this.passed = 0;
    this.failed = 0;
    this.figures = {};
  }

  ok(condition, what, detail = '') {
    if (condition) this.passed++;
    else this.failed++;
    console.log(`${condition ? 'ok  ' : 'FAIL'} ${what}${detail === '' ? '' : ` (${detail})`}`);
    return condition;
  }

  figure(name, value) {
    this.figures[name] = value;
    console.log(`     ${name} = ${JSON.stringify(value)}`);
  }

  end() {
    console.log(`figures: ${JSON.stringify(this.figures)}`);
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}
