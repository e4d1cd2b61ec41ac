// Two or three real browsers hold a call through mediapeer and nothing else: what arrives is read from getStats.
//   node browsers.mjs MEDIAPEER SECONDS BROWSER... [-- reload]
// BROWSER: chromium | firefox. Needs playwright-core (Chromium) and puppeteer-core (Firefox) where node finds them.
// Prints one JSON line per check and ends with "N passed, N failed"; exit status 1 when one failed.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'x.js'));
const [mediapeer, secondsText, ...rest] = process.argv.slice(2);
const seconds = Number(secondsText);
const reload = rest.includes('reload');
const kinds = rest.filter((k) => k === 'chromium' || k === 'firefox');
const results = [];

function check(name, ok, detail) {
  results.push(ok);
  console.log(JSON.stringify({ check: name, ok, ...detail }));
}

// --- the program under test ---
class Peer {
  constructor(path, addresses) {
    this.process = spawn(path, addresses, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.buffer = Buffer.alloc(0);
    this.waiting = new Map();
    this.events = [];
    this.counters = [];
    this.process.stdout.on('data', (d) => { this.buffer = Buffer.concat([this.buffer, d]); this.read(); });
    this.process.on('exit', (code) => { this.exit = code; });
  }
  read() {
    for (;;) {
      const end = this.buffer.indexOf(10);
      if (end < 0) return;
      const line = this.buffer.subarray(0, end).toString();
      const words = line.split(' ');
      let used = end + 1;
      if (words[0] === 'answer') {
        const length = Number(words[2]);
        if (this.buffer.length < used + length) return;
        const sdp = this.buffer.subarray(used, used + length).toString();
        used += length;
        this.waiting.get(words[1])?.resolve({ sdp, slots: words[3].split(',').map(Number) });
      } else if (words[0] === 'error') {
        this.waiting.get(words[1])?.reject(new Error(line));
      } else if (words[0] === 'event') {
        this.events.push(line);
        if (words[1] !== 'stats') console.error(line);
      } else if (words[0] === 'counter') {
        this.counters.push(line);
      } else if (words[0] === 'counters-end') {
        this.waiting.get('counters')?.resolve(this.counters);
      }
      this.buffer = this.buffer.subarray(used);
    }
  }
  request(key, text) {
    return new Promise((resolve, reject) => {
      this.waiting.set(key, { resolve, reject });
      this.process.stdin.write(text);
    });
  }
  offer(seat, sdp) { return this.request(String(seat), `offer ${seat} ${Buffer.byteLength(sdp)}\n${sdp}`); }
  counterLines() { this.counters = []; return this.request('counters', 'counters\n'); }
}

// --- the page ---
const page = `<!doctype html><meta charset="utf-8"><title>mediapeer</title><body><script>
const q = new URLSearchParams(location.search);
const seat = q.get('seat'), slots = Number(q.get('slots') || 1);
let pc, local;
window.remote = [];
async function media() {
  if (local) return local;
  const canvas = document.createElement('canvas'); canvas.width = 640; canvas.height = 480;
  if (q.get('canvas')) {
    let n = 0; const c = canvas.getContext('2d');
    setInterval(() => { c.fillStyle = 'hsl(' + (n++ * 7 % 360) + ',60%,50%)'; c.fillRect(0, 0, 640, 480); c.fillStyle = '#000'; c.font = '90px sans-serif'; c.fillText(n, 100, 200); c.fillRect(n * 5 % 640, 300, 60, 60); }, 40);
    const tone = await navigator.mediaDevices.getUserMedia({ audio: true });
    local = new MediaStream([...canvas.captureStream(25).getVideoTracks(), ...tone.getAudioTracks()]);
  } else local = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  return local;
}
window.call = async function () {
  const begun = performance.now();
  if (pc) pc.close();
  window.remote = [];
  pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  window.firstFrame = new Promise((done) => {
    pc.ontrack = (e) => {
      const el = document.createElement(e.track.kind); el.autoplay = true; el.srcObject = new MediaStream([e.track]);
      el.muted = e.track.kind === 'video'; document.body.append(el); window.remote.push(el);
      if (e.track.kind === 'video' && el.requestVideoFrameCallback) el.requestVideoFrameCallback(() => done(performance.now() - begun));
    };
  });
  const stream = await media();
  for (const t of stream.getTracks()) pc.addTrack(t, stream);
  for (let i = 1; i < slots; i++) { pc.addTransceiver('audio', { direction: 'recvonly' }); pc.addTransceiver('video', { direction: 'recvonly' }); }
  return negotiate();
};
async function negotiate(options) {
  const offer = await pc.createOffer(options);
  await pc.setLocalDescription(offer);
  const r = await fetch('/offer?seat=' + seat, { method: 'POST', body: offer.sdp });
  if (!r.ok) throw new Error(await r.text());
  const answer = await r.json();
  await pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  return answer.slots;
}
window.restart = () => negotiate({ iceRestart: true });
window.renegotiate = () => negotiate();
window.stats = async function () {
  const out = { state: pc.connectionState, inbound: [], outbound: [], remote: [] };
  const codecs = {};
  const report = await pc.getStats();
  report.forEach((s) => { if (s.type === 'codec') codecs[s.id] = s.mimeType; });
  report.forEach((s) => {
    if (s.type === 'inbound-rtp') out.inbound.push({ kind: s.kind, mid: s.mid, codec: codecs[s.codecId], packets: s.packetsReceived, lost: s.packetsLost, bytes: s.bytesReceived, decoded: s.framesDecoded, w: s.frameWidth, h: s.frameHeight, fps: s.framesPerSecond, energy: s.totalAudioEnergy, nack: s.nackCount, pli: s.pliCount, rtx: s.retransmittedPacketsReceived, freezes: s.freezeCount, jitter: s.jitter, jb: s.jitterBufferDelay / s.jitterBufferEmittedCount, concealed: s.concealedSamples, samples: s.totalSamplesReceived });
    if (s.type === 'outbound-rtp') out.outbound.push({ kind: s.kind, codec: codecs[s.codecId], packets: s.packetsSent, bytes: s.bytesSent, target: s.targetBitrate, w: s.frameWidth, fps: s.framesPerSecond, nack: s.nackCount, pli: s.pliCount, fir: s.firCount, keyframes: s.keyFramesEncoded, limit: s.qualityLimitationReason });
    if (s.type === 'remote-inbound-rtp') out.remote.push({ kind: s.kind, rtt: s.roundTripTime, lost: s.packetsLost, jitter: s.jitter });
    if (s.type === 'candidate-pair' && s.nominated) out.bwe = s.availableOutgoingBitrate;
  });
  return out;
};
</script>`;

// --- browsers ---
async function openChromium(url) {
  const { chromium } = require('playwright-core');
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--disable-quic', '--disable-background-networking'] });
  const tab = await (await browser.newContext()).newPage();
  tab.on('console', (m) => console.error('chromium:', m.text()));
  await tab.goto(url);
  return { tab, close: () => browser.close() };
}

async function openFirefox(url) {
  const puppeteer = require('puppeteer-core');
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr', protocol: 'webDriverBiDi', headless: true,
    env: { ...process.env, HOME: mkdtempSync(join(tmpdir(), 'mediapeer-')) },
    extraPrefsFirefox: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0, 'media.autoplay.blocking_policy': 0 } });
  const tab = await browser.newPage();
  await tab.goto(url + '&canvas=1');
  return { tab, close: () => browser.close() };
}

const wait = (ms) => new Promise((r) => setTimeout(r, ms));
const within = (promise, ms, value) => Promise.race([promise, wait(ms).then(() => value)]);

function compare(name, before, after) {
  const sum = (stats, kind, key) => stats.inbound.filter((s) => s.kind === kind).reduce((n, s) => n + (s[key] || 0), 0);
  check(`${name}: connected`, after.state === 'connected', { state: after.state });
  const frames = sum(after, 'video', 'decoded') - sum(before, 'video', 'decoded');
  check(`${name}: frames decoded`, frames > seconds * 4, { frames, seconds, inbound: after.inbound.filter((s) => s.kind === 'video') });
  const energy = sum(after, 'audio', 'energy') - sum(before, 'audio', 'energy');
  check(`${name}: audio energy`, energy > 1e-3 * (kinds.length - 1), { energy, inbound: after.inbound.filter((s) => s.kind === 'audio') });
  check(`${name}: sender sees reports`, after.remote.length >= 2 && after.remote.every((r) => r.rtt >= 0), { remote: after.remote, outbound: after.outbound, bwe: after.bwe });
}

async function main() {
  const peer = new Peer(mediapeer, (process.env.MEDIAPEER_ADDRESSES || '').split(',').filter(Boolean));
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    if (url.pathname !== '/offer') {
      response.setHeader('content-type', 'text/html');
      response.end(page);
      return;
    }
    const chunks = [];
    request.on('data', (c) => chunks.push(c));
    request.on('end', () => peer.offer(url.searchParams.get('seat'), Buffer.concat(chunks).toString())
      .then((a) => response.end(JSON.stringify(a)), (e) => { response.statusCode = 400; response.end(e.message); }));
  });
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const base = `http://127.0.0.1:${server.address().port}/?slots=${kinds.length - 1}`;
  const seats = [];
  try {
    for (const [seat, kind] of kinds.entries()) {
      seats.push(await (kind === 'firefox' ? openFirefox : openChromium)(`${base}&seat=${seat}`));
    }
    for (const s of seats) console.error('slots', await s.tab.evaluate(() => window.call()));
    if (kinds.length > 2) for (const s of seats) console.error('slots', await s.tab.evaluate(() => window.renegotiate()));
    for (const [i, s] of seats.entries()) {
      const ms = await s.tab.evaluate((limit) => Promise.race([window.firstFrame, new Promise((r) => setTimeout(() => r(-1), limit))]), 10000);
      check(`seat ${i} (${kinds[i]}): first frame`, ms >= 0, { ms: Math.round(ms) });
    }
    const before = await Promise.all(seats.map((s) => s.tab.evaluate(() => window.stats())));
    await wait(seconds * 1000);
    const after = await Promise.all(seats.map((s) => s.tab.evaluate(() => window.stats())));
    seats.forEach((s, i) => compare(`seat ${i} (${kinds[i]})`, before[i], after[i]));
    if (reload) await reloads(seats);
    for (const line of await within(peer.counterLines(), 2000, [])) console.error(line);
    for (const line of peer.events.filter((e) => e.includes('stats')).slice(-seats.length)) console.error(line);
  } catch (e) {
    check('no exception', false, { error: String(e.stack || e) });
  } finally {
    await Promise.all(seats.map((s) => within(s.close(), 5000)));
    peer.process.stdin.write('quit\n');
    await wait(500);
    check('mediapeer ended well', peer.exit === 0, { exit: peer.exit });
    server.close();
  }
  const failed = results.filter((ok) => !ok).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

// A fresh PeerConnection in the same seat: the other side goes on receiving on the same SSRC; then an ICE restart.
async function reloads(seats) {
  const other = seats[seats.length - 1];
  const before = await other.tab.evaluate(() => window.stats());
  await seats[0].tab.evaluate(() => window.call());
  const ms = await seats[0].tab.evaluate(() => window.firstFrame);
  await wait(3000);
  const after = await other.tab.evaluate(() => window.stats());
  const video = (s) => s.inbound.filter((x) => x.kind === 'video').reduce((n, x) => n + (x.decoded || 0), 0);
  check('fresh connection: the other goes on', video(after) - video(before) > 12, { frames: video(after) - video(before), ms: Math.round(ms) });
  await seats[0].tab.evaluate(() => window.restart());
  await wait(3000);
  const restarted = await other.tab.evaluate(() => window.stats());
  check('ICE restart: the other goes on', video(restarted) - video(after) > 12, { frames: video(restarted) - video(after) });
  const own = await seats[0].tab.evaluate(() => window.stats());
  check('ICE restart: connected', own.state === 'connected', { state: own.state });
}

main();
