// Looks at pages as they stand, in Chinese and English, on an old PC's screen and on a telephone: axe-core, nothing wider than the screen, nothing
// cut off, no raw codes, no sentence of the other language, a visible focus. The pictures are in build/reports/screens/.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { axe } from './axe.mjs';
import { load } from './console.mjs';
import { reports } from './gateway.mjs';

const screens = path.join(reports, 'screens');
mkdirSync(screens, { recursive: true });
export const DESK = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };

// Codes are lower case with a point or a hyphen between words; addresses, file names and figures are not meant.
const rawCodes = (page) => page.evaluate(() => [...new Set((document.body.innerText.match(/\b[a-z]{3,}(?:[._-][a-z]{2,})+\b/g) ?? [])
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

// Words that are there and cannot be read: an ellipsis that no title spells out, lines below the edge of a box that does not scroll, and, on a
// telephone, what stands beyond the right edge of something that scrolls sideways (thumbnails and the operator's table of figures may).
const cutWords = (page, narrow) => page.evaluate((sideways) => {
  const cut = [];
  const hidden = (e) => e.closest('.sr-only, .skip, [hidden], [aria-hidden=true], dialog:not([open])') || e.getClientRects().length === 0;
  for (const e of document.querySelectorAll('body *')) {
    if (hidden(e) || e.tagName === 'OPTION' || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    for (let box = e; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.clip !== 'auto' || box.matches('.strip, .figures, textarea, input, select, video')) break; // clipped: for a reader of the screen
      const over = { x: box.scrollWidth - box.clientWidth > 1, y: box.scrollHeight - box.clientHeight > 4 };
      const shuts = (o) => o === 'hidden' || o === 'clip';
      const own = (box === e || getComputedStyle(e).overflow === 'visible') && !box.closest('[title]');
      if (own && ((over.x && shuts(style.overflowX)) || (box === e && over.y && shuts(style.overflowY) && style.display !== 'inline'))) cut.push(`${box.className || box.tagName}: ${e.textContent.trim().slice(0, 40)}`);
      if (sideways && over.x && /auto|scroll/.test(style.overflowX) && !box.querySelector('.figures')) cut.push(`sideways ${box.className || box.tagName}`);
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) break;
    }
  }
  return [...new Set(cut)];
}, narrow);

// The dictionary's own sentences in the other language: data and names are no sentences of it. Options that are not chosen count too.
const { dict } = await load('lib/dict.ts');
const other = (language) => Object.values(dict).filter(([zh, en]) => zh !== en && !/\{/.test(zh)).map(([zh, en]) => (language === 'en' ? zh : en))
  .filter((text) => text.length > 1 && (language === 'en' || /[a-z]{4}/.test(text)));
const otherLanguage = (page, language) => page.evaluate((sentences) => {
  const known = new Set(sentences);
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const text = node.data.trim();
    if (known.has(text) && !node.parentElement.closest('script, style, .patient, .sheet dd, .c-text')) found.push(text);
  }
  return [...new Set(found)];
}, other(language));

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
    this.cut = [];
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
    for (const text of await otherLanguage(page, language)) this.words.push(`${name} ${language}: ${text}`);
    for (const text of await cutWords(page, false)) this.cut.push(`${name} ${language}: ${text}`);
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
    for (const text of await cutWords(page, true)) this.cut.push(`${name} ${language} phone: ${text}`);
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
    checks.ok(this.words.length === 0, 'no label and no sentence keeps its words after a switch of language', [...new Set(this.words)].join('; '));
    checks.ok(this.cut.length === 0, 'no word is cut off or beyond an edge', [...new Set(this.cut)].join('\n  '));
    checks.ok(this.focus.length === 0, 'the keyboard focus is visible everywhere', [...new Set(this.focus)].join('; '));
  }

  // Each look must be able to fail: a page that is bad in every way is told as such.
  async control(checks, tab) {
    const own = new Looks();
    await tab.language('en');
    await tab.page.evaluate(() => {
      const bad = document.createElement('div');
      bad.id = 'known-bad';
      bad.innerHTML = '<img src="/icon.svg"><button type="button"></button><p>pale-code.here</p><h3>中文标题</h3><div>wide</div><span>返回</span><nav><b>beyond the edge of the screen</b></nav><i>words that no title spells out</i>';
      Object.assign(bad.querySelector('p').style, { color: '#999', background: '#aaa' }); // by script: the page's policy lets no style attribute in
      bad.querySelector('div').style.width = '3000px';
      Object.assign(bad.querySelector('nav').style, { width: '60px', overflowX: 'auto', whiteSpace: 'nowrap', display: 'block' });
      Object.assign(bad.querySelector('i').style, { width: '60px', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', display: 'block' });
      document.querySelector('main').append(bad);
    });
    await own.one(tab, 'control', 'en', true, true);
    await tab.page.evaluate(() => document.getElementById('known-bad').remove());
    await tab.language('zh-CN');
    const found = (rule) => own.findings.some((f) => f.includes(rule));
    checks.ok(found('image-alt') && found('button-name') && found('color-contrast'), 'control: axe-core finds a picture without words, a nameless button, pale text', `${own.findings.length} findings`);
    checks.ok(own.wide.length > 0 && own.codes.length > 0 && own.words.join() === 'control: 中文标题,control en: 返回', 'control: too wide, a raw code and the other language are seen', [...own.wide, ...own.codes, ...own.words].join('; ').slice(0, 160));
    const cut = (what) => own.cut.some((line) => line.includes(what));
    checks.ok(cut('en: I: words that no') && cut('phone: sideways NAV') && !cut('en: sideways'), 'control: an ellipsis without a title and words beyond an edge are seen', own.cut.join('; ').slice(0, 200));
  }
}

export const press = (tab, zh, en) => tab.page.getByRole('button', { name: new RegExp(`^(${zh}|${en})$`) }).first().click();
