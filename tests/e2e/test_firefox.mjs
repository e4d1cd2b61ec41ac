// The specialist in Firefox ESR, the clinician in Chromium: offer, session, pictures both ways, a reload on Firefox's side.
// Firefox does not pair its interfaces with loopback and wants a default route, so all of it runs in a network namespace of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import os from 'node:os';
import path from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { Person } from './lib/browser.mjs';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, reports, sleep, until } from './lib/gateway.mjs';

if (!process.env.TEST_NAMESPACE) {
  const name = `cg-firefox-${process.pid}`;
  const ip = (...words) => execFileSync('ip', words, { stdio: 'pipe' });
  let code = 1;
  try {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
    ip('-n', name, 'addr', 'add', '10.77.0.1/24', 'dev', 'near');
    for (const link of ['near', 'far']) ip('-n', name, 'link', 'set', link, 'up');
    ip('-n', name, 'route', 'add', 'default', 'via', '10.77.0.2');
    code = spawnSync('ip', ['netns', 'exec', name, process.execPath, fileURLToPath(import.meta.url)],
      { stdio: 'inherit', env: { ...process.env, TEST_NAMESPACE: name } }).status ?? 1;
  } finally {
    ip('netns', 'del', name);
  }
  process.exit(code);
}

const checks = new Checks();
const gateway = new Gateway();
const clinician = new Person('clinician', 0, 440);
const home = mkdtempSync(path.join(os.tmpdir(), 'cg-e2e-firefox-'));
let firefox, page;

const address = Object.values(os.networkInterfaces()).flat().find((i) => i.family === 'IPv4' && !i.internal)?.address;

const byText = (kind, zh, en) => page.waitForSelector(`::-p-xpath(//${kind}[contains(normalize-space(.), "${zh}") or contains(normalize-space(.), "${en}")])`, { timeout: 20000 });
const click = async (kind, zh, en) => (await byText(kind, zh, en)).evaluate((element) => element.click());

// What the element labelled as remote video shows: size, whether the picture changes, and the clinician's barcode.
const remote = () => page.evaluate(() => {
  const video = [...document.querySelectorAll('video')].find((v) => /对方视频|Remote video/.test(v.getAttribute('aria-label') ?? '') && v.videoWidth > 0);
  if (!video) return null;
  const canvas = document.createElement('canvas');
  canvas.width = 160;
  canvas.height = 90;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 160, 90);
  let value = 0, margin = 255;
  for (let bit = 0; bit < 16; bit++) {
    const pixels = context.getImageData((bit % 8) * 20 + 8, Math.floor(bit / 8) * 15 + 5, 4, 4).data;
    let sum = 0;
    for (let i = 0; i < pixels.length; i += 4) sum += pixels[i];
    margin = Math.min(margin, Math.abs(sum / 16 - 128));
    value = value << 1 | (sum / 16 > 128 ? 1 : 0);
  }
  return { counter: value & 0x3fff, party: value >> 14, margin };
});

async function watch(what) {
  const seen = [];
  const end = Date.now() + 4000;
  while (Date.now() < end) {
    const code = await remote();
    if (code && code.margin > 30 && code.counter !== seen.at(-1)) seen.push(code.counter);
    await sleep(50);
  }
  let rising = 0;
  for (let i = 1; i < seen.length; i++) rising += (seen[i] - seen[i - 1] + 250) % 250 < 125 ? 1 : 0;
  checks.ok(seen.length > 10 && rising >= 0.9 * (seen.length - 1), `${what}: Firefox sees the clinician's counters rise`, `${seen.length} frames`);
  const frames = await clinician.page.evaluate(async () => {
    const video = [...document.querySelectorAll('video')].find((v) => /对方视频|Remote video/.test(v.getAttribute('aria-label') ?? ''));
    const before = video.getVideoPlaybackQuality().totalVideoFrames;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    return video.getVideoPlaybackQuality().totalVideoFrames - before;
  });
  checks.ok(frames > 10, `${what}: Chromium decodes Firefox's frames`, `${frames} in 2.5 s`);
}

try {
  checks.ok(address !== undefined, 'the namespace has an address besides loopback', address);
  await gateway.prepare();
  await gateway.start();
  const origin = `https://${address}:${gateway.port}`;
  const who = work.account(gateway.demo, (p, a) => a.roles.includes('clinician') && /township/.test(JSON.stringify(gateway.demo.organisations.find((o) => o.code === p.organisation))));
  const whom = work.account(gateway.demo, (p, a) => a.roles.includes('specialist') && p.specialties.includes('cardiology'));
  await clinician.open(origin);
  await clinician.signIn(who.login, who.password);
  firefox = await puppeteer.launch({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr', protocol: 'webDriverBiDi', headless: true, acceptInsecureCerts: true,
    env: { ...process.env, HOME: home }, args: ['--width=1366', '--height=768'],
    extraPrefsFirefox: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0, 'media.autoplay.blocking_policy': 0,
      'intl.accept_languages': 'en-US' } });
  page = await firefox.newPage();
  await page.setViewport({ width: 1366, height: 768 });
  await page.goto(origin);
  const fields = await until('the sign-in page', async () => { const found = await page.$$('input'); return found.length >= 2 && found; });
  await fields[0].type(whom.login);
  await fields[1].type(whom.password);
  await click('button', '登录', 'Sign in');
  await byText('button', '退出', 'Sign out');
  const duty = await page.waitForSelector('[role=switch]');
  if ((await duty.evaluate((e) => e.getAttribute('aria-checked') ?? String(e.checked))) !== 'true') await duty.evaluate((e) => e.click());
  await work.newConsultation(clinician, { specialty: 'cardiology', files: ['CT_small.dcm'] });
  await work.submit(clinician);
  await until('the offer is in Firefox', () => page.evaluate(() => {
    const link = [...document.querySelectorAll('a')].find((a) => /查看病例|View case|打开 C-|Open C-/.test((a.getAttribute('aria-label') ?? '') + a.textContent));
    link?.click();
    return link !== undefined;
  }));
  await click('button', '接诊', 'Accept');
  await until('the room', () => page.evaluate(() => {
    const find = (pattern) => [...document.querySelectorAll('button')].find((b) => pattern.test((b.getAttribute('aria-label') ?? '') + b.textContent));
    if (find(/挂断|Hang up/)) return true;
    find(/进入会诊室|Enter session/)?.click();
    return false;
  }), 20000, 300);
  await work.enterSession(clinician);
  await until('Firefox shows the clinician', remote);
  await watch('live');
  await page.screenshot({ path: path.join(reports, 'e2e-firefox-session.png') });
  const started = Date.now();
  await page.reload();
  await until('Firefox is back in the room', remote, 20000, 50);
  checks.figure('firefox_reload_to_picture_ms', Date.now() - started);
  await sleep(1000);
  await watch('after the reload');
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  await page?.screenshot({ path: path.join(reports, 'e2e-firefox-failed.png') }).catch(() => {});
  await clinician.shot('e2e-firefox-failed-clinician').catch(() => {});
} finally {
  await firefox?.close().catch(() => {});
  await clinician.close();
  await gateway.stop();
  rmSync(home, { recursive: true, force: true });
  checks.end();
}
