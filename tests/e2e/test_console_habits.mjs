// What a hurried person does to the console: Enter and Escape, a form sent too early, a button that is gone after the click, a cut of the link
// while writing, two windows on one request or opinion. Nothing typed is lost or overwritten unseen, and the keyboard keeps its place.
import { readFileSync } from 'node:fs';
import path from 'node:path';

import * as work from './lib/consultation.mjs';
import { Checks, Gateway, pydicom, until } from './lib/gateway.mjs';
import { act, button, enter, request } from './lib/roles.mjs';
import { Browser } from './lib/tabs.mjs';

const IMAGE = readFileSync(path.join(pydicom, 'CT_small.dcm'));
const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
let clinician, specialist;

// What has the focus: its name, or its element.
const focus = (page) => page.evaluate(() => {
  const e = document.activeElement;
  return (e.labels?.[0]?.textContent ?? (e.tagName === 'BUTTON' || e.tagName === 'A' ? e.textContent : e.id || e.tagName)).trim();
});
const focusIs = (page, wanted, what) => until(`${what}: the focus is on ${wanted}`, async () => wanted.test(await focus(page)), 4000, 50)
  .then(() => checks.ok(true, what), async () => checks.ok(false, what, await focus(page)));
const saved = (page) => page.getByRole('status').filter({ hasText: '草稿已保存' }).waitFor({ timeout: 10000 });
const complaint = (page) => page.getByRole('textbox', { name: /^主诉/ });

async function signIn() {
  clinician = await browser.tab('demo.clinician1');
  const { page } = clinician;
  await focusIs(page, /用户名/, 'the page begins in its first field');
  await page.keyboard.type('demo.clinician1');
  await page.keyboard.press('Enter');
  await focusIs(page, /密码/, 'Enter after the user name leads to the password');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await page.getByLabel(/密码/).fill('demo-consult');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: '退出' }).waitFor();
  await until('the tab is named', async () => (await page.title()) === '工作列表 · 远程会诊', 4000);
  specialist = await enter(browser, 'demo.specialist1');
}

async function tooEarly() {
  const { page } = clinician;
  await page.locator('main').focus();
  await page.keyboard.press('n');
  await page.getByRole('heading', { name: '发起会诊' }).waitFor();
  await focusIs(page, /^main$/, 'on a new page the keyboard goes on in it');
  await button(clinician, '提交会诊申请', 'Submit request').click();
  await focusIs(page, /^姓名/, 'sent too early: the focus is in the first field that lacks something');
  await page.keyboard.type('示范患者甲');
  await page.getByRole('combobox', { name: /^性别/ }).selectOption({ index: 1 });
  await page.getByRole('textbox', { name: /出生日期/ }).fill('2030-13-01');
  await complaint(page).fill('胸痛三小时');
  await page.getByRole('textbox', { name: /会诊目的/ }).fill('是否转诊？');
  await page.getByRole('combobox', { name: /会诊专科/ }).selectOption('cardiology');
  await page.getByRole('checkbox', { name: '患者同意会诊' }).check();
  await button(clinician, '提交会诊申请', 'Submit request').click();
  await focusIs(page, /^出生日期/, 'what the gateway refuses is told at its field, with the focus in it');
  await page.getByRole('textbox', { name: /出生日期/ }).fill('1958-03-12');
  await saved(page);
  await page.reload();
  await complaint(page).waitFor();
  checks.ok(await complaint(page).inputValue() === '胸痛三小时', 'after a reload the draft is there', await page.evaluate(() => location.hash.slice(0, 4)));
}

async function twoWindows() {
  const { page } = clinician;
  const second = await clinician.context.newPage();
  await second.goto(page.url());
  await complaint(second).fill('胸痛，写在第二个窗口');
  await saved(second);
  await page.getByRole('checkbox', { name: /患者同意影像资料共享/ }).check();
  await complaint(page).fill('胸痛，写在第一个窗口');
  const asked = page.getByText('该申请刚在别处被修改');
  await asked.waitFor({ timeout: 8000 });
  const stored = () => clinician.api('GET', `/consultations/${new URL(page.url()).hash.slice(4, 36)}`).then((x) => x.body.request.complaint);
  checks.ok(await stored() === '胸痛，写在第二个窗口', 'two windows on one request: the second one to save is asked, nothing is overwritten', await stored());
  await page.getByRole('button', { name: '载入别处的修改' }).click();
  checks.ok(await complaint(page).inputValue() === '胸痛，写在第二个窗口', 'it may take what the other has saved');
  await complaint(second).fill('胸痛，第二个窗口再改');
  await saved(second);
  await until('the other window has saved', async () => (await stored()) === '胸痛，第二个窗口再改', 8000);
  await complaint(page).fill('胸痛三小时，活动后加重');
  await asked.waitFor({ timeout: 8000 });
  await page.getByRole('button', { name: '以此处填写的为准' }).click();
  await until('what was typed here is saved', async () => (await stored()) === '胸痛三小时，活动后加重', 8000);
  checks.ok(await asked.count() === 0, 'or keep what was typed here');
  await second.close();
  await page.getByRole('checkbox', { name: /患者同意录制/ }).check();
  await saved(page);
  await complaint(page).fill('胸痛三小时，活动后加重，伴出汗');
  await until('it is saved', async () => (await stored()) === '胸痛三小时，活动后加重，伴出汗', 8000);
  checks.ok(await asked.count() === 0, 'control: the own consent between two changes is no conflict');
}

async function cut() {
  const { page } = clinician;
  await clinician.context.setOffline(true);
  await complaint(page).fill('胸痛四小时');
  await page.getByText('网络不通，未能完成').first().waitFor({ timeout: 10000 });
  await button(clinician, '提交会诊申请', 'Submit request').click();
  await clinician.context.setOffline(false);
  await saved(page);
  await until('the sentence about the network is gone', async () => (await page.getByText('网络不通，未能完成').count()) === 0, 8000);
  checks.ok(await complaint(page).inputValue() === '胸痛四小时', 'after a cut what was typed is saved by itself, and nothing says otherwise any more');
  await button(clinician, '提交会诊申请', 'Submit request').click();
  await page.getByText('等待接诊').first().waitFor({ timeout: 10000 });
  await focusIs(page, /^main$/, 'the form has become the case: the keyboard is in it');
  checks.ok(/^会诊 C-\d{8}-\d{4} · /.test(await page.title()), 'the tab is named by the number of the case', await page.title());
  await page.goBack();
  await page.getByRole('heading', { name: '我的会诊' }).waitFor();
  await page.goForward();
  await page.getByRole('heading', { name: /^会诊 C-/ }).waitFor();
  checks.ok(true, 'Back leads to the list, not into the form that was sent; Forward to the case');
}

async function dialogs() {
  const { page } = specialist;
  await work.goOnDuty(specialist);
  await page.getByRole('link', { name: /打开 C-/ }).first().focus();
  await page.keyboard.press('Enter');
  await button(specialist, '退回补充资料', 'Return for more information').waitFor();
  await focusIs(page, /^main$/, 'from a row by Enter: the keyboard is in the case');
  await button(specialist, '退回补充资料', 'Return for more information').click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await focusIs(page, /^退回补充资料$/, 'Escape: back on the button that had asked');
  await button(specialist, '接诊', 'Accept').click();
  await button(specialist, '进入会诊室', 'Enter session').waitFor({ timeout: 8000 });
  await focusIs(page, /^main$/, 'the button that has done its work is gone: the keyboard stays in the page');
}

// A read that is being reported, in two windows of the one who reads it.
async function twoReports() {
  const { page } = specialist;
  const { id } = await request(clinician, { kind: 'read', modality: 'imaging', complaint: '咳嗽两周', file: IMAGE });
  await act(specialist, id, 'accept');
  const stored = () => specialist.api('GET', `/consultations/${id}`).then((x) => x.body.opinion?.body.findings);
  const holds = (text) => until(`the gateway holds ${text}`, async () => (await stored()) === text, 10000);
  const findings = (of) => of.getByRole('textbox', { name: /^会诊所见/ });
  const address = `${gateway.origin}/#/c/${id}`;
  await page.goto(address);
  await findings(page).fill('初稿');
  await holds('初稿');
  const second = await specialist.context.newPage();
  await second.goto(address);
  await findings(second).fill('第二个窗口的所见');
  await holds('第二个窗口的所见');
  await findings(page).fill('第一个窗口的所见');
  const asked = page.getByText('意见刚在另一窗口被修改');
  await asked.waitFor({ timeout: 10000 });
  checks.ok(await stored() === '第二个窗口的所见', 'two windows on one opinion: the second one to save is asked, nothing is overwritten', await stored());
  await page.getByRole('button', { name: '载入别处的修改' }).click();
  checks.ok(await findings(page).inputValue() === '第二个窗口的所见', 'it may take what the other has saved');
  await findings(second).fill('第二个窗口再改');
  await holds('第二个窗口再改');
  await findings(page).fill('第一个窗口的所见');
  await asked.waitFor({ timeout: 10000 });
  await page.getByRole('button', { name: '以此处填写的为准' }).click();
  await holds('第一个窗口的所见');
  const answer = await clinician.api('PUT', `/consultations/${id}/consents/teaching`, { party: 'patient', given: true, relation: 'self', method: 'spoken', text_version: 'console-1' });
  await findings(page).fill('第一个窗口的所见，补充');
  await holds('第一个窗口的所见，补充');
  checks.ok(answer.status === 200 && await asked.count() === 0, 'control: a consent between two savings is no conflict', answer.status);
  await second.close();
}

try {
  await gateway.prepare();
  await gateway.start();
  await browser.open(gateway.origin);
  for (const step of [signIn, tooEarly, twoWindows, cut, dialogs, twoReports]) await step();
  const errors = [clinician, specialist].flatMap((t) => t.console.filter((l) => l.startsWith('pageerror')));
  checks.ok(errors.length === 0, 'no script error on any page', errors.join('; '));
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const tab of [clinician, specialist]) await tab?.shot(`habits-failed-${tab.name}`).catch(() => {});
} finally {
  await browser.close();
  await gateway.stop();
  checks.end();
}
