// Looks at pages as they stand, in Chinese and English, on an old PC's screen and on a telephone: axe-core, nothing wider than the screen, no raw
// codes, no words of the other language, a visible focus. The pictures are in build/reports/screens/.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { axe } from './axe.mjs';
import { reports } from './gateway.mjs';

const screens = path.join(reports, 'screens');
mkdirSync(screens, { recursive: true });
export const DESK = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };

// Codes are lower case with a point or a hyphen between words; addresses, file names and figures are not meant.
const rawCodes = (page) => page.evaluate(() => [...new Set((document.body.innerText.match(/\b[a-z]{3,}(?:[.-][a-z]{2,})+\b/g) ?? [])
  .filter((word) => !/^(consult-gateway|double-click|follow-up|multi-disciplinary)$|\.(dcm|mjpeg|txt)$/.test(word)))]);

// A tab stop must look different when it has the focus: outline, or a border that changes.
const badFocus = (page) => page.evaluate(() => {
  const bad = [];
  const stops = [...document.querySelectorAll('a[href],button,input,select,textarea,summary,[tabindex="0"]')].filter((e) => e.offsetParent && !e.disabled);
  const look = (e) => [e, e.nextElementSibling].filter(Boolean).map((x) => { const s = getComputedStyle(x); return `${s.outlineStyle} ${s.outlineWidth} ${s.borderColor} ${s.boxShadow}`; }).join();
  for (const stop of stops.slice(0, 60)) {
    document.activeElement?.blur?.();
    const before = look(stop);
    stop.focus({ preventScroll: true, focusVisible: true });
    if (document.activeElement === stop && look(stop) === before) bad.push(`${stop.tagName} ${stop.className} ${stop.textContent.slice(0, 20)}`);
  }
  document.activeElement?.blur?.();
  return bad;
});

// Labels that stayed Chinese when the language was switched in place (names and free texts are data, not labels).
const chineseLabels = (page) => page.evaluate(() => [...document.querySelectorAll('dt, th, label, legend, h1, h2, h3, button')]
  .map((element) => element.textContent.trim()).filter((text) => /[\u4e00-\u9fff]/.test(text.replace(/^Answer: .*/, '')))); // the question that is answered is the patient's doctor's own

const shot = (tab, name, whole = false) => tab.page.screenshot({ path: path.join(screens, `${name}.png`), fullPage: whole });

export class Looks {
  constructor() {
    this.pages = 0;
    this.narrow = 0;
    this.findings = [];
    this.wide = [];
    this.codes = [];
    this.focus = [];
    this.words = [];
  }

  async one(tab, name, language, narrow, focus) {
    const { page } = tab;
    const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await shot(tab, `${name}-${language}`);
    this.pages++;
    for (const line of await axe(page)) this.findings.push(`${name} ${language}: ${line}`);
    for (const code of await rawCodes(page)) this.codes.push(`${name} ${language}: ${code}`);
    if (await over() > 0) this.wide.push(`${name} ${language} desk: ${await over()} px`);
    if (language === 'en') for (const text of await chineseLabels(page)) this.words.push(`${name}: ${text}`);
    if (focus && language === 'en') for (const line of await badFocus(page)) this.focus.push(`${name}: ${line}`);
    if (!narrow) return;
    await page.setViewportSize(PHONE);
    await page.evaluate(() => { // a telephone's scroll bars take no room
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('::-webkit-scrollbar { width: 0; height: 0; }');
      document.adoptedStyleSheets = [sheet];
    });
    await page.waitForTimeout(60);
    await shot(tab, `${name}-${language}-phone`, true);
    this.narrow++;
    if (await over() > 0) this.wide.push(`${name} ${language} phone: ${await over()} px`);
    if (language === 'en') for (const line of await axe(page)) this.findings.push(`${name} ${language} phone: ${line}`);
    await page.evaluate(() => { document.adoptedStyleSheets = []; });
    await page.setViewportSize(DESK);
  }

  // The page that is on the screen; back to Chinese, or to the language that is named, afterwards.
  async page(tab, name, { narrow = true, focus = true, settle = 120, back = 'zh-CN' } = {}) {
    for (const language of ['zh-CN', 'en']) {
      if (await tab.page.evaluate(() => document.documentElement.lang) !== language) await tab.language(language);
      await tab.page.waitForTimeout(settle);
      await this.one(tab, name, language === 'en' ? 'en' : 'zh', narrow, focus);
    }
    await tab.language(back);
  }

  // A dialog behind a button, opened and left by Escape.
  async dialog(tab, name, zh, en, { back = 'zh-CN', narrow = true } = {}) {
    for (const language of ['zh-CN', 'en']) {
      await tab.language(language);
      await press(tab, zh, en);
      await tab.page.locator('dialog[open]').waitFor();
      await tab.page.waitForTimeout(150);
      await this.one(tab, name, language === 'en' ? 'en' : 'zh', narrow, false);
      await tab.page.keyboard.press('Escape');
      await tab.page.locator('dialog[open]').waitFor({ state: 'detached' });
    }
    await tab.language(back);
  }

  verdict(checks) {
    checks.figure('pages_looked_at', this.pages);
    checks.ok(this.findings.length === 0, 'axe-core: no serious or critical finding', `${this.pages} pages, ${this.narrow} on a telephone\n  ${[...new Set(this.findings)].join('\n  ')}`);
    checks.ok(this.wide.length === 0, 'nothing is wider than the screen', this.wide.join('; '));
    checks.ok(this.codes.length === 0, 'no raw codes in place of words', [...new Set(this.codes)].join('; '));
    checks.ok(this.words.length === 0, 'no label keeps its Chinese words after a switch to English', [...new Set(this.words)].join('; '));
    checks.ok(this.focus.length === 0, 'the keyboard focus is visible everywhere', [...new Set(this.focus)].join('; '));
  }

  // Each look must be able to fail: a page that is bad in every way is told as such.
  async control(checks, tab) {
    const own = new Looks();
    await tab.language('en');
    await tab.page.evaluate(() => {
      const bad = document.createElement('div');
      bad.id = 'known-bad';
      bad.innerHTML = '<img src="/icon.svg"><button type="button"></button><p>pale-code.here</p><h3>中文标题</h3><div>wide</div>';
      Object.assign(bad.querySelector('p').style, { color: '#999', background: '#aaa' }); // by script: the page's policy lets no style attribute in
      bad.querySelector('div').style.width = '3000px';
      document.querySelector('main').append(bad);
    });
    await own.one(tab, 'control', 'en', true, true);
    await tab.page.evaluate(() => document.getElementById('known-bad').remove());
    await tab.language('zh-CN');
    const found = (rule) => own.findings.some((f) => f.includes(rule));
    checks.ok(found('image-alt') && found('button-name') && found('color-contrast'), 'control: axe-core finds a picture without words, a nameless button, pale text', `${own.findings.length} findings`);
    checks.ok(own.wide.length > 0 && own.codes.length > 0 && own.words.join() === 'control: 中文标题', 'control: too wide, a raw code and the other language are seen', [...own.wide, ...own.codes, ...own.words].join('; ').slice(0, 160));
  }
}

export const press = (tab, zh, en) => tab.page.getByRole('button', { name: new RegExp(`^(${zh}|${en})$`) }).first().click();
