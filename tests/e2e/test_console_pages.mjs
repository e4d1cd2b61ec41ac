// Every page of the console, Chinese and English, on an old PC's screen and on a telephone: nothing wider than the screen, no raw
// codes, no serious or critical finding of axe-core, the focus visible on everything that takes it, motion reduced when asked.
// The pictures are in build/reports/page-*.png.
import path from 'node:path';
import { axe } from './lib/axe.mjs';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, pydicom, until } from './lib/gateway.mjs';
import { Browser, submitted } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const seen = { pages: 0, narrow: 0, findings: [], wide: [], codes: [], focus: [], language: [] };
const DESK = { width: 1366, height: 768 };
const PHONE = { width: 390, height: 844 };
let clinician, specialist, operator, id;

// Codes are lower case with a point or a hyphen between words; addresses, file names and figures are not meant.
const rawCodes = (page) => page.evaluate(() => [...new Set((document.body.innerText.match(/\b[a-z]{3,}(?:[.-][a-z]{2,})+\b/g) ?? [])
  .filter((word) => !/^(consult-gateway|double-click)$|\.(dcm|mjpeg|txt)$/.test(word)))]);

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
  .map((element) => element.textContent.trim()).filter((text) => /[\u4e00-\u9fff]/.test(text)));

async function look(tab, name, { narrow = true, focus = true, settle = 120 } = {}) {
  const { page } = tab;
  for (const language of ['zh-CN', 'en']) {
    if (await page.evaluate(() => document.documentElement.lang) !== language) await tab.language(language);
    await page.waitForTimeout(settle);
    const short = language === 'en' ? 'en' : 'zh';
    await tab.shot(`page-${name}-${short}`);
    seen.pages++;
    for (const line of await axe(page)) seen.findings.push(`${name} ${short}: ${line}`);
    for (const code of await rawCodes(page)) seen.codes.push(`${name} ${short}: ${code}`);
    const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (await over() > 0) seen.wide.push(`${name} ${short} desk: ${await over()} px`);
    if (language === 'en') for (const text of await chineseLabels(page)) seen.language.push(`${name}: ${text}`);
    if (focus && language === 'en') for (const line of await badFocus(page)) seen.focus.push(`${name}: ${line}`);
    if (!narrow) continue;
    await page.setViewportSize(PHONE);
    await page.waitForTimeout(60);
    await tab.shot(`page-${name}-${short}-phone`, true);
    seen.narrow++;
    if (await over() > 0) seen.wide.push(`${name} ${short} phone: ${await over()} px`);
    if (language === 'en') for (const line of await axe(page)) seen.findings.push(`${name} ${short} phone: ${line}`);
    await page.setViewportSize(DESK);
  }
  await tab.language('zh-CN');
}

const press = (tab, zh, en) => tab.page.getByRole('button', { name: new RegExp(`^(${zh}|${en})$`) }).first().click();
async function dialog(tab, name, zh, en) {
  const { page } = tab;
  for (const language of ['zh-CN', 'en']) {
    await tab.language(language);
    await press(tab, zh, en);
    await page.locator('dialog[open]').waitFor();
    const short = language === 'en' ? 'en' : 'zh';
    await tab.shot(`page-${name}-${short}`);
    seen.pages++;
    for (const line of await axe(page)) seen.findings.push(`${name} ${short}: ${line}`);
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
  }
  await tab.language('zh-CN');
}

async function before() {
  clinician = await browser.tab('clinician');
  await look(clinician, '01-sign-in');
  await clinician.signIn('demo.clinician1', 'demo-consult');
  await look(clinician, '02-worklist-empty');
  specialist = await browser.tab('specialist');
  await specialist.signIn('demo.specialist1', 'demo-consult');
  await look(specialist, '03-queue-off-duty');
  await work.goOnDuty(specialist);
  await clinician.language('zh-CN');
  await work.newConsultation(clinician, { specialty: 'cardiology', files: ['CT_small.dcm', 'MR_small.dcm', 'rtdose.dcm', 'README.txt'].slice(0, 3) });
  await clinician.page.getByLabel(/^(选择文件|Choose files)$/).setInputFiles([path.join(pydicom, 'README.txt')]);
  await clinician.page.getByText(/未接收|Refused/).first().waitFor();
  await look(clinician, '04-new-consultation');
  await work.submit(clinician);
  await look(clinician, '05-waiting');
  id = gateway.sql("SELECT id FROM consultation WHERE state='offered'")[0].id;
}

async function offered() {
  await specialist.page.getByRole('alertdialog').waitFor();
  await look(specialist, '06-queue-ring', { settle: 300 });
  await work.openOffered(specialist);
  await work.imageShown(specialist);
  await look(specialist, '07-case-before-accepting', { settle: 300 });
  await dialog(specialist, '08-dialog-decline', '拒绝', 'Decline');
  await dialog(specialist, '09-dialog-return', '退回补充资料', 'Return for more information');
  await work.accept(specialist);
}

async function session() {
  await work.enterSession(specialist);
  await work.enterSession(clinician);
  await until('both see each other', async () => (await clinician.readBarcode()) && (await specialist.readBarcode()));
  await work.agreeToRecording(specialist);
  await clinician.page.getByRole('textbox', { name: /消息|Message/ }).fill('心电图已拍照，稍后上传。');
  await clinician.page.keyboard.press('Enter');
  await work.showImage(specialist, 'CT_small');
  await specialist.page.getByRole('combobox', { name: /窗口预设|Window preset/ }).selectOption('soft');
  await work.imageShown(specialist);
  await look(specialist, '10-session-specialist', { settle: 300 });
  await look(clinician, '11-session-clinician', { settle: 300 });
  await dialog(specialist, '12-dialog-devices', '设备', 'Devices');
  await dialog(specialist, '13-dialog-end', '结束会诊', 'End consultation');
  for (const [name, tab] of [['病例', '14-session-case'], ['意见', '15-session-opinion']]) {
    await specialist.page.getByRole('tab', { name }).click();
    await look(specialist, tab, { narrow: false });
    await specialist.page.getByRole('tab').nth(0).click();
  }
  operator = await browser.tab('operator');
  await operator.signIn('demo.operator', 'demo-consult');
  await operator.page.getByText('udp').first().waitFor({ timeout: 10000 }).catch(() => {});
  await look(operator, '16-operations');
  await press(clinician, '挂断', 'Hang up');
  await look(clinician, '17-hung-up');
  await press(clinician, '返回会诊室', 'Back to the session');
  await work.enterSession(clinician);
}

async function after() {
  await work.endSession(specialist);
  await specialist.page.getByRole('textbox', { name: /会诊所见|Findings/ }).waitFor();
  await look(specialist, '18-opinion-form');
  await look(clinician, '19-awaiting-opinion');
  await work.signOpinion(specialist);
  await specialist.page.getByRole('status').filter({ hasText: /签名有效|Signature valid/ }).first().waitFor();
  await look(specialist, '20-opinion-signed');
  await clinician.page.getByRole('radio', { name: /^(采纳|Adopted)$/ }).waitFor();
  await look(clinician, '21-decision');
  await work.recordDecision(clinician);
  await until('the recording is complete', () => gateway.sql("SELECT 1 AS one FROM recording WHERE state='complete'").length > 0);
  await clinician.page.reload();
  await clinician.page.getByRole('heading', { name: /过程记录|History/ }).waitFor();
  await look(clinician, '22-case-recorded');
  await press(clinician, '办结归档', 'Close case');
  await press(clinician, '确认', 'Confirm');
  await until('the case is closed', () => gateway.sql("SELECT 1 AS one FROM consultation WHERE state='closed'").length > 0);
  await submitted(clinician, { urgency: 'stat', complaint: '突发意识不清半小时' });
  await submitted(clinician, { urgency: 'routine', complaint: '反复心悸三个月' });
  await clinician.place('#/worklist');
  await clinician.page.getByRole('table').first().waitFor();
  await look(clinician, '23-worklist');
  await specialist.place('#/queue');
  await specialist.page.getByRole('link', { name: /打开 C-|Open C-/ }).first().waitFor();
  await look(specialist, '24-queue');
  await specialist.place('#/history');
  await specialist.page.getByRole('table').first().waitFor();
  await look(specialist, '25-history');
  await specialist.place('#/check');
  await press(specialist, '开始检查', 'Start check');
  await specialist.page.getByText(/摄像头正常|The camera works/).waitFor();
  await look(specialist, '26-device-check');
  await specialist.place('#/nowhere');
  await look(specialist, '27-no-such-page');
}

async function motion() {
  const moving = await specialist.page.evaluate(() => [...document.getAnimations()].length);
  await specialist.page.emulateMedia({ reducedMotion: 'reduce' });
  const probe = await specialist.page.evaluate(() => {
    const dot = document.body.appendChild(Object.assign(document.createElement('span'), { className: 'rec-dot' }));
    const style = getComputedStyle(dot);
    const name = style.animationName;
    dot.remove();
    return name;
  });
  await specialist.page.emulateMedia({ reducedMotion: 'no-preference' });
  const normal = await specialist.page.evaluate(() => {
    const dot = document.body.appendChild(Object.assign(document.createElement('span'), { className: 'rec-dot' }));
    const name = getComputedStyle(dot).animationName;
    dot.remove();
    return name;
  });
  checks.ok(probe === 'none' && normal !== 'none', 'prefers-reduced-motion: nothing pulses', `${normal} becomes ${probe}, ${moving} animations elsewhere`);
}

function verdict() {
  checks.figure('pages_looked_at', seen.pages);
  checks.ok(seen.findings.length === 0, 'axe-core: no serious or critical finding', `${seen.pages} pages, ${seen.narrow} on a telephone\n  ${[...new Set(seen.findings)].join('\n  ')}`);
  checks.ok(seen.wide.length === 0, 'nothing is wider than the screen', seen.wide.join('; '));
  checks.ok(seen.codes.length === 0, 'no raw codes in place of words', [...new Set(seen.codes)].join('; '));
  checks.ok(seen.language.length === 0, 'no label keeps its Chinese words after a switch to English', [...new Set(seen.language)].join('; '));
  checks.ok(seen.focus.length === 0, 'the keyboard focus is visible everywhere', [...new Set(seen.focus)].join('; '));
}

try {
  await gateway.prepare();
  await gateway.start();
  await browser.open(gateway.origin);
  for (const step of [before, offered, session, after, motion, verdict]) {
    const started = Date.now();
    await step();
    console.log(`-- ${step.name}: ${Date.now() - started} ms`);
  }
  const errors = [clinician, specialist, operator].flatMap((t) => t.console.filter((l) => l.startsWith('pageerror')));
  checks.ok(errors.length === 0, 'no script error on any page', errors.join('; '));
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const tab of [clinician, specialist, operator]) {
    await tab?.shot(`page-failed-${tab.name}`).catch(() => {});
    console.log(`${tab?.name}'s console:\n  ${tab?.console.slice(-15).join('\n  ')}`);
  }
} finally {
  await browser.close();
  await gateway.stop();
  checks.end();
}
