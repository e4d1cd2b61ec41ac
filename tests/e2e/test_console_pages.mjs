// Every page of the console, Chinese and English, on an old PC's screen and on a telephone: nothing wider than the screen, no raw
// codes, no serious or critical finding of axe-core, the focus visible on everything that takes it, motion reduced when asked.
// The pictures are in build/reports/screens/.
import path from 'node:path';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, pydicom, until } from './lib/gateway.mjs';
import { Looks, press } from './lib/look.mjs';
import { Browser, submitted } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const looks = new Looks();
let clinician, specialist, operator, id;

async function before() {
  clinician = await browser.tab('clinician');
  await looks.page(clinician, '01-sign-in');
  await clinician.signIn('demo.clinician1', 'demo-consult');
  await looks.page(clinician, '02-worklist-empty');
  specialist = await browser.tab('specialist');
  await specialist.signIn('demo.specialist1', 'demo-consult');
  await looks.page(specialist, '03-queue-off-duty');
  await work.goOnDuty(specialist);
  await clinician.language('zh-CN');
  await work.newConsultation(clinician, { specialty: 'cardiology', files: ['CT_small.dcm', 'MR_small.dcm', 'rtdose.dcm', 'README.txt'].slice(0, 3) });
  await clinician.page.getByLabel(/^(选择文件|Choose files)$/).setInputFiles([path.join(pydicom, 'README.txt')]);
  await clinician.page.getByText(/未接收|Refused/).first().waitFor();
  await looks.page(clinician, '04-new-consultation');
  await work.submit(clinician);
  await looks.page(clinician, '05-waiting');
  id = gateway.sql("SELECT id FROM consultation WHERE state='offered'")[0].id;
}

async function offered() {
  await specialist.page.getByRole('alertdialog').waitFor();
  await looks.page(specialist, '06-queue-ring', { settle: 300 });
  await work.openOffered(specialist);
  await work.imageShown(specialist);
  await looks.page(specialist, '07-case-before-accepting', { settle: 300 });
  await looks.dialog(specialist, '08-dialog-decline', '拒绝', 'Decline');
  await looks.dialog(specialist, '09-dialog-return', '退回补充资料', 'Return for more information');
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
  await looks.page(specialist, '10-session-specialist', { settle: 300 });
  await looks.page(clinician, '11-session-clinician', { settle: 300 });
  await looks.dialog(specialist, '12-dialog-devices', '设备', 'Devices');
  await looks.dialog(specialist, '13-dialog-end', '结束会诊', 'End consultation');
  for (const [name, tab] of [['病例', '14-session-case'], ['意见', '15-session-opinion']]) {
    await specialist.page.getByRole('tab', { name }).click();
    await looks.page(specialist, tab, { narrow: false });
    await specialist.page.getByRole('tab').nth(0).click();
  }
  operator = await browser.tab('operator');
  await operator.signIn('demo.operator', 'demo-consult');
  await operator.page.getByText('udp').first().waitFor({ timeout: 10000 }).catch(() => {});
  await looks.page(operator, '16-operations');
  await press(clinician, '挂断', 'Hang up');
  await looks.page(clinician, '17-hung-up');
  await press(clinician, '返回会诊室', 'Back to the session');
  await work.enterSession(clinician);
}

async function after() {
  await work.endSession(specialist);
  await specialist.page.getByRole('textbox', { name: /会诊所见|Findings/ }).waitFor();
  await looks.page(specialist, '18-opinion-form');
  await looks.page(clinician, '19-awaiting-opinion');
  await work.signOpinion(specialist);
  await specialist.page.getByRole('status').filter({ hasText: /签名有效|Signature valid/ }).first().waitFor();
  await looks.page(specialist, '20-opinion-signed');
  await clinician.page.getByRole('radio', { name: /^(采纳|Adopted)$/ }).waitFor();
  await looks.page(clinician, '21-decision');
  await work.recordDecision(clinician);
  await until('the recording is complete', () => gateway.sql("SELECT 1 AS one FROM recording WHERE state='complete'").length > 0);
  await clinician.page.reload();
  await clinician.page.getByRole('heading', { name: /过程记录|History/ }).waitFor();
  await looks.page(clinician, '22-case-recorded');
  await press(clinician, '办结归档', 'Close case');
  await press(clinician, '确认', 'Confirm');
  await until('the case is closed', () => gateway.sql("SELECT 1 AS one FROM consultation WHERE state='closed'").length > 0);
  await submitted(clinician, { urgency: 'stat', complaint: '突发意识不清半小时' });
  await submitted(clinician, { urgency: 'routine', complaint: '反复心悸三个月' });
  await clinician.place('#/worklist/waiting');
  await clinician.page.getByRole('table').first().waitFor();
  await looks.page(clinician, '23-worklist');
  await specialist.place('#/queue');
  await specialist.page.getByRole('link', { name: /打开 C-|Open C-/ }).first().waitFor();
  await looks.page(specialist, '24-queue');
  await specialist.place('#/history');
  await specialist.page.getByRole('table').first().waitFor();
  await looks.page(specialist, '25-history');
  await specialist.place('#/check');
  await press(specialist, '开始检查', 'Start check');
  await specialist.page.getByText(/摄像头正常|The camera works/).waitFor();
  await looks.page(specialist, '26-device-check');
  await specialist.place('#/nowhere');
  await looks.page(specialist, '27-no-such-page');
}

// The pages of those who run the work: partnerships, receiving department, roster; and the page that checks a report.
async function institutions() {
  const there = async (login, hash, ready, name) => {
    const tab = await browser.tab(login);
    await tab.signIn(login, 'demo-consult');
    await tab.language('zh-CN');
    for (const [place, what, picture] of hash.map((h, i) => [h, ready[i], name[i]])) {
      await tab.place(place);
      await tab.page.locator(what).first().waitFor();
      await looks.page(tab, picture, { settle: 250 });
    }
    return tab;
  };
  const manager = await there('demo.manager', ['#/partnerships'], ['main h1'], ['28-partnerships']);
  await manager.page.locator('main a[href^="#/partnership"], main td a, main li a').first().click();
  await manager.page.waitForTimeout(400);
  await looks.page(manager, '29-partnership', { settle: 250 });
  const receiver = await there('demo.referrals', ['#/referrals', '#/places'], ['main h1', 'main h1'], ['30-referrals', '31-places']);
  const coordinator = await there('demo.coordinator1', ['#/roster', '#/coordination'], ['main h1', '.list-tabs'], ['32-roster', '33-coordination']);
  for (const tab of [manager, receiver, coordinator]) await tab.close();
  const anyone = await browser.tab('anyone');
  await anyone.place('#/verify');
  await anyone.page.locator('main h1').waitFor();
  await looks.page(anyone, '34-verify');
  await anyone.close();
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

try {
  await gateway.prepare();
  await gateway.start();
  await browser.open(gateway.origin);
  for (const step of [before, offered, session, after, institutions, motion]) {
    const started = Date.now();
    await step();
    console.log(`-- ${step.name}: ${Date.now() - started} ms`);
  }
  await looks.control(checks, clinician);
  looks.verdict(checks);
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
