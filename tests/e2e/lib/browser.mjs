// A real Chromium as one person: fresh profile, fake camera and microphone fed from files that carry a frame counter and a tone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { reports, root } from './gateway.mjs';

const media = path.join(os.tmpdir(), 'cg-e2e-media');

// Files are kept from test to test under what is in them, not under whose they are.
export function makeMedia(party, tone) {
  const name = `party${party}-${tone}hz`;
  mkdirSync(media, { recursive: true });
  if (!existsSync(path.join(media, `${name}.wav`))) {
    execFileSync('/usr/bin/python3', [path.join(root, 'tests/e2e/lib/make_media.py'), media, name, String(party), String(tone)]);
  }
  return path.join(media, name);
}

export class Person {
  constructor(name, party, tone) {
    this.name = name;
    this.files = makeMedia(party, tone);
    this.party = party;
    this.profile = mkdtempSync(path.join(os.tmpdir(), 'cg-e2e-profile-'));
    this.console = [];
  }

  async open(origin, language = 'zh-CN') {
    this.origin = origin;
    this.context = await chromium.launchPersistentContext(this.profile, {
      executablePath: '/usr/bin/chromium',
      headless: false,
      ignoreHTTPSErrors: true,
      locale: language,
      viewport: { width: 1366, height: 768 },
      args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${this.files}.mjpeg`, `--use-file-for-fake-audio-capture=${this.files}.wav`,
        '--autoplay-policy=no-user-gesture-required', '--ignore-certificate-errors'],
    });
    this.page = this.context.pages()[0] ?? await this.context.newPage();
    this.page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    this.page.on('pageerror', (error) => this.console.push(`pageerror: ${error.message}`));
    // Console errors that are not a test's doing: shown when a test fails.
    await this.page.goto(origin);
  }

  async signIn(login, password) {
    await this.page.getByRole('textbox', { name: /用户名|User name/ }).fill(login);
    await this.page.getByLabel(/密码|Password/).fill(password);
    await this.page.getByRole('button', { name: /登录|Sign in/ }).click();
    await this.page.getByRole('button', { name: /退出|Sign out/ }).waitFor();
  }

  async shot(name) {
    await this.page.screenshot({ path: path.join(reports, `${name}.png`) });
  }

  // {counter, party, margin} of the frame that the remote video shows now, or null.
  readBarcode(label = /对方视频|Remote video/) {
    return this.page.evaluate((source) => {
      const pattern = new RegExp(source);
      const video = [...document.querySelectorAll('video')].find((v) => pattern.test(v.getAttribute('aria-label') ?? '') && v.videoWidth > 0);
      if (!video) return null;
      const canvas = document.createElement('canvas');
      canvas.width = 160;
      canvas.height = 90;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(video, 0, 0, 160, 90);
      let value = 0, margin = 255;
      for (let bit = 0; bit < 16; bit++) {
        const x = (bit % 8) * 20 + 8, y = Math.floor(bit / 8) * 15 + 5;
        const pixels = context.getImageData(x, y, 4, 4).data;
        let sum = 0;
        for (let i = 0; i < pixels.length; i += 4) sum += pixels[i];
        const mean = sum / 16;
        margin = Math.min(margin, Math.abs(mean - 128));
        value = value << 1 | (mean > 128 ? 1 : 0);
      }
      return { counter: value & 0x3fff, party: value >> 14, margin, width: video.videoWidth, height: video.videoHeight };
    }, label.source);
  }

  // Samples a remote picture for a while: how many different counters, whether they rise (modulo the 250 frames of the file), whose.
  async watchFrames(ms, pause = 60, label = undefined) {
    const seen = [];
    const end = Date.now() + ms;
    while (Date.now() < end) {
      const code = await this.readBarcode(label);
      if (code && code.margin > 30 && (seen.length === 0 || seen.at(-1).counter !== code.counter)) seen.push(code);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    let rising = 0;
    for (let i = 1; i < seen.length; i++) {
      const step = (seen[i].counter - seen[i - 1].counter + 250) % 250;
      if (step > 0 && step < 125) rising++;
    }
    return { frames: seen.length, rising, party: seen.length ? seen[0].party : -1, parties: [...new Set(seen.map((code) => code.party))], width: seen.at(-1)?.width };
  }

  // Root mean square of a remote voice over a while, and its strongest frequency in Hz.
  async listen(ms = 1500, label = /对方|Remote/) {
    return this.page.evaluate(async ({ duration, source }) => {
      const pattern = new RegExp(source);
      const video = [...document.querySelectorAll('video')].find((v) => v.srcObject && v.srcObject.getAudioTracks().length > 0 &&
        pattern.test(v.getAttribute('aria-label') ?? ''));
      if (!video) return { rms: 0, hz: 0, reason: 'no picture of that name with a voice' };
      const context = new AudioContext();
      await context.resume();
      const analyser = context.createAnalyser();
      analyser.fftSize = 8192;
      context.createMediaStreamSource(new MediaStream(video.srcObject.getAudioTracks())).connect(analyser);
      const samples = new Float32Array(analyser.fftSize), bins = new Float32Array(analyser.frequencyBinCount);
      let best = 0, hz = 0;
      const end = performance.now() + duration;
      while (performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        analyser.getFloatTimeDomainData(samples);
        const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
        if (rms > best) {
          best = rms;
          analyser.getFloatFrequencyData(bins);
          hz = bins.indexOf(Math.max(...bins)) * context.sampleRate / analyser.fftSize;
        }
      }
      await context.close();
      return { rms: best, hz };
    }, { duration: ms, source: label.source });
  }

  async close() {
    await this.context?.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
