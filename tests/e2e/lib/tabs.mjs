// Several people in one Chromium: a context each (own cookies, own storage), one fake camera and microphone for all.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Person, makeMedia } from './browser.mjs';
import { reports } from './gateway.mjs';

export class Browser {
  // devices: how many fake cameras and microphones; 0: one, fed with the picture of make_media.py
  async open(origin, { devices = 0, args = [] } = {}) {
    this.origin = origin;
    const files = devices === 0 ? makeMedia(0, 440) : '';
    this.browser = await chromium.launch({
      executablePath: '/usr/bin/chromium', headless: false,
      args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-sync', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--ignore-certificate-errors',
        ...(devices === 0 ? ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${files}.mjpeg`, `--use-file-for-fake-audio-capture=${files}.wav`]
          : [`--use-fake-device-for-media-stream=device-count=${devices}`]), ...args],
    });
  }

  async tab(name, { width = 1366, height = 768, locale = 'zh-CN', init, ...more } = {}) {
    const tab = new Tab(name);
    tab.origin = this.origin;
    tab.context = await this.browser.newContext({ ignoreHTTPSErrors: true, locale, viewport: { width, height }, permissions: ['camera', 'microphone', 'notifications'], ...more });
    if (init) await tab.context.addInitScript(init);
    tab.page = await tab.context.newPage();
    tab.watch();
    await tab.page.goto(this.origin);
    return tab;
  }

  async close() {
    await this.browser?.close();
  }
}

// A Person of browser.mjs (sign-in, barcode, sound) without a Chromium of its own.
export class Tab extends Person {
  constructor(name) {
    super(name, 0, 440);
    rmSync(this.profile, { recursive: true, force: true });
  }

  watch() {
    this.page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    this.page.on('pageerror', (error) => this.console.push(`pageerror: ${error.message}`));
  }

  // A REST call as this page would make it: its cookie, its CSRF token.
  async api(method, url, body) {
    return this.page.evaluate(async ([m, u, b]) => {
      const session = await (await fetch('/api/v1/session')).json();
      const answer = await fetch(`/api/v1${u}`, { method: m, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf_token ?? '' }, body: b === undefined ? undefined : JSON.stringify(b) });
      const text = await answer.text();
      return { status: answer.status, body: text && /json/.test(answer.headers.get('Content-Type') ?? '') ? JSON.parse(text) : null };
    }, [method, url, body]);
  }

  async language(value) {
    await this.page.getByRole('combobox', { name: /^(语言|Language)$/ }).selectOption(value);
    await this.page.waitForFunction((v) => document.documentElement.lang === v, value);
  }

  async place(hash) {
    await this.page.evaluate((h) => { location.hash = h; }, hash);
  }

  async shot(name, whole = false) {
    await this.page.screenshot({ path: path.join(reports, `${name}.png`), fullPage: whole });
  }

  async close() {
    await this.context?.close();
  }
}

// A consultation request made and submitted over REST, as its clinician's page would: for what is not about the form.
export async function submitted(tab, { specialty = 'cardiology', urgency = 'urgent', complaint = '胸痛三小时，活动后加重', recording = true } = {}) {
  const made = await tab.api('POST', '/consultations', {
    kind: 'live', specialty, urgency, patient: { name: '示范患者甲', sex: 'male', birth_date: '1958-03-12', id_type: 'none' },
    request: { complaint, question: '是否需要转诊行冠脉造影？', initial_diagnosis: '冠心病？', present_history: '三小时前劳累后出现胸骨后压榨样痛，含服硝酸甘油后缓解不明显。', vital_signs: { temperature_c: 36.8, pulse_per_min: 96, systolic_mmhg: 148, diastolic_mmhg: 92, spo2_percent: 95 } },
  });
  const id = made.body.id;
  for (const scope of ['consultation', 'imaging', ...(recording ? ['recording'] : [])]) {
    await tab.api('PUT', `/consultations/${id}/consents/${scope}`, { party: 'patient', given: true, relation: 'self', method: 'written', text_version: 'console-1' });
  }
  const sent = await tab.api('POST', `/consultations/${id}/actions/submit`, {});
  if (sent.status !== 200) throw new Error(`submit: ${sent.status} ${JSON.stringify(sent.body)}`);
  return { id, number: sent.body.number };
}

