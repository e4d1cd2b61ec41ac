// The day of a clinician, an approver, two specialists: each role's page empty and with work, the stat call, a read with a critical value and a
// second reader, an appointment that is put off and missed, the follow-up and a new consultation based on the old one. Chinese and English,
// desk and telephone, axe-core; the pictures are in build/reports/screens/.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, pydicom, until } from './lib/gateway.mjs';
import { Looks } from './lib/look.mjs';
import { act, button, day, dueNow, enter, listTab, openRow, request, row, tabTo } from './lib/roles.mjs';
import { Browser } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const looks = new Looks();
const IMAGE = readFileSync(path.join(pydicom, 'CT_small.dcm'));
let clinician, approver, one, seven; // one: cardiologist; seven: chief cardiologist of the same hospital
let read; // the consultation that is read

const state = (id) => gateway.sql(`SELECT state FROM consultation WHERE id='${id}'`)[0]?.state;
const reach = (id, wanted) => until(`${wanted} in the store, not ${state(id)}`, () => state(id) === wanted, 8000);
const here = (tab) => tab.page.evaluate(() => location.hash.slice(4, 36));
const words = (tab) => tab.page.locator('main').innerText();

async function empties() {
  clinician = await enter(browser, 'demo.clinician1');
  await clinician.page.getByRole('tab', { name: /需要处理/ }).waitFor();
  checks.ok(/发起会诊/.test(await clinician.page.locator('.empty').innerText()) && await clinician.page.locator('.empty').getByRole('link').count() > 0, 'an empty worklist says what to do next', (await clinician.page.locator('.empty').innerText()).slice(0, 60));
  for (const [n, id] of ['todo', 'waiting', 'later', 'drafts', 'invited', 'recent'].entries()) {
    await clinician.place(`#/worklist/${id}`);
    await clinician.page.locator('.empty').waitFor();
    if (n < 2) await looks.page(clinician, `r01-clinician-${id}-empty`);
    checks.ok((await clinician.page.locator('.empty').innerText()).length > 10, `the empty list ${id} says what to do`);
  }
  approver = await enter(browser, 'demo.approver1');
  await approver.page.locator('.empty').waitFor();
  await looks.page(approver, 'r02-approver-empty');
  one = await enter(browser, 'demo.specialist1');
  seven = await enter(browser, 'demo.specialist7');
  await one.page.locator('.empty').waitFor();
  await looks.page(one, 'r03-specialist-off-duty');
  await work.goOnDuty(one);
  await one.page.getByText(/当前没有待接诊|Nothing is waiting/).waitFor();
  await looks.control(checks, clinician);
}

async function keys() {
  const { page } = clinician;
  await clinician.place('#/worklist');
  await page.locator('main').focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: '快捷键' }).waitFor();
  await looks.one(clinician, 'r04-keys', 'zh', true, false);
  await page.keyboard.press('Escape');
  await page.keyboard.press('4');
  await until('the tab of that number is chosen', async () => (await listTab(clinician, '草稿').getAttribute('aria-selected')) === 'true', 3000);
  await listTab(clinician, '草稿').focus();
  await page.keyboard.press('ArrowLeft');
  await until('arrows go from tab to tab', async () => (await listTab(clinician, '随访与转诊').getAttribute('aria-selected')) === 'true', 3000);
  checks.ok(true, 'tabs by number and by arrow keys; the keys are shown by ?');
}

async function statCall() {
  const { page } = clinician;
  await page.locator('main').focus();
  await page.keyboard.press('!');
  const dialog = page.getByRole('dialog', { name: '危急呼叫' });
  await dialog.waitFor();
  const fields = await dialog.locator('input:not([type=radio]), select, textarea, [role=radiogroup]').count();
  checks.ok(fields <= 4, 'the stat call asks for four things at most', `${fields}`);
  await looks.one(clinician, 'r05-stat-dialog', 'zh', true, false);
  await page.keyboard.press('Enter');
  await dialog.getByRole('alert').waitFor();
  await dialog.getByRole('radio', { name: '男' }).check();
  await dialog.getByRole('textbox', { name: '年龄' }).fill('67');
  await dialog.getByRole('combobox', { name: /会诊专科/ }).selectOption('cardiology');
  await dialog.getByRole('textbox', { name: /主诉/ }).fill('突发胸痛伴大汗二十分钟');
  const began = Date.now();
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: '等待接诊' }).first().waitFor();
  await one.page.getByRole('alertdialog').waitFor({ timeout: 8000 });
  checks.figure('stat_enter_to_ring_ms', Date.now() - began);
  const id = await here(clinician);
  await page.getByText(/正在呼叫第 1 位专家|正在同时呼叫/).waitFor({ timeout: 8000 });
  checks.ok(await button(clinician, '撤回申请', 'Withdraw request').isVisible() && await button(clinician, '补充资料', 'Fill in the rest').isVisible(), 'the page says whom it rings, and offers to withdraw and to fill in the rest', await page.locator('.wait-stage').innerText());
  await looks.page(clinician, 'r06-stat-waiting', { settle: 250 });
  await button(clinician, '补充资料', 'Fill in the rest').click();
  await page.getByRole('textbox', { name: /^姓名/ }).fill('示范患者戊');
  await page.getByRole('textbox', { name: /会诊目的/ }).fill('是否立即溶栓？');
  await page.getByRole('checkbox', { name: '患者同意会诊' }).check();
  await page.getByText('草稿已保存').waitFor({ timeout: 8000 });
  await until('the specialist sees it', async () => (await one.api('GET', `/consultations/${id}`)).body.request.question === '是否立即溶栓？', 5000);
  await looks.one(clinician, 'r07-stat-fill-in', 'zh', true, false);
  await looks.page(one, 'r08-specialist-offered', { settle: 250 });
  await openRow(one, '突发胸痛');
  await button(one, '接诊', 'Accept').waitFor();
  await tabTo(one, button(one, '接诊', 'Accept'));
  await one.page.keyboard.press('Enter');
  await reach(id, 'accepted');
  await page.getByText(/已接诊/).first().waitFor({ timeout: 5000 });
  checks.ok(await page.getByRole('textbox', { name: /^姓名/ }).inputValue() === '示范患者戊', 'filled in while it rang, accepted by the keyboard alone; the form is still there');
  await page.reload();
  await page.getByRole('heading', { name: /^会诊 C-/ }).waitFor();
  await page.locator('header').getByRole('button', { name: '危急呼叫' }).click();
  checks.ok(await page.getByRole('combobox', { name: /会诊专科/ }).inputValue() === 'cardiology', 'the specialty of the last stat call is there already');
  await page.keyboard.press('Escape');
  await act(clinician, id, 'withdraw', { reason_code: 'patient-transferred' });
}

async function newRead() {
  const { page } = clinician;
  await clinician.place('#/new');
  await page.getByRole('radio', { name: '阅片报告' }).check();
  await page.getByRole('combobox', { name: /会诊专科/ }).selectOption('cardiology');
  await page.getByRole('textbox', { name: /^姓名/ }).fill('示范患者己');
  await page.getByRole('combobox', { name: /^性别/ }).selectOption({ index: 1 });
  await page.getByRole('textbox', { name: /出生日期/ }).fill('19580312');
  await page.getByRole('textbox', { name: /主诉/ }).fill('心悸两天，心电图请读');
  await page.getByRole('textbox', { name: /会诊目的/ }).fill('有无心肌缺血？');
  await button(clinician, '提交会诊申请', 'Submit request').click();
  const alert = page.getByRole('alert').filter({ hasText: '请填写' });
  checks.ok(/检查类型/.test(await alert.innerText()) && /附件/.test(await alert.innerText()), 'a read needs to say what it is a read of, and an image', await alert.innerText());
  await page.getByRole('combobox', { name: /检查类型/ }).selectOption('ecg');
  await page.getByRole('combobox', { name: /受邀机构/ }).selectOption({ label: '示范市第一医院（演示）' });
  for (const name of [/患者同意会诊/, /患者同意影像资料共享/]) await page.getByRole('checkbox', { name }).check();
  await page.getByLabel(/^选择文件$/).setInputFiles([path.join(pydicom, 'CT_small.dcm'), path.join(pydicom, 'rtdose.dcm')]);
  await until('the files are there', async () => (await page.getByRole('list', { name: '附件' }).getByRole('listitem').count()) === 2, 15000);
  await looks.page(clinician, 'r09-new-read');
  await button(clinician, '提交会诊申请', 'Submit request').click();
  await page.getByText('等待本院审批').first().waitFor({ timeout: 8000 });
  read = await here(clinician);
  checks.ok(state(read) === 'pending-approval', 'a read is asked for, and waits for approval: the page says so');
  await looks.page(clinician, 'r10-waiting-approval');
}

async function approval() {
  await row(approver, '心悸两天').waitFor({ timeout: 5000 });
  checks.ok(/1/.test(await approver.page.locator('table').locator('caption').innerText()), 'it has come to the approver without a reload');
  await looks.page(approver, 'r11-approver-list');
  await openRow(approver, '心悸两天');
  await button(approver, '批准', 'Approve').waitFor();
  await looks.page(approver, 'r12-approver-case');
  await looks.dialog(approver, 'r13-dialog-reject', '不予受理', 'Reject');
  await button(approver, '批准', 'Approve').click();
  await until('the approver is back at the list', () => approver.page.evaluate(() => location.hash.startsWith('#/approval')), 5000);
  await reach(read, 'offered');
  await one.place('#/queue');
  await row(one, '心悸两天').waitFor({ timeout: 8000 });
  const second = await request(clinician, { complaint: '胸闷一月，不急' });
  await row(approver, '胸闷一月').waitFor({ timeout: 5000 });
  await openRow(approver, '胸闷一月');
  await button(approver, '不予受理', 'Reject').click();
  await approver.page.getByRole('textbox', { name: /说明/ }).fill('本院可先完成心电图检查');
  await button(approver, '确认', 'Confirm').click();
  await reach(second.id, 'rejected');
  await clinician.place(`#/c/${second.id}`);
  await clinician.page.getByText('本院可先完成心电图检查').waitFor({ timeout: 5000 });
  checks.ok(true, 'approved with one click; another one refused, and the reason is told');
  await looks.page(clinician, 'r14-rejected');
}

async function reading() {
  const { page } = one;
  const after = await request(clinician, { kind: 'read', modality: 'ecg', complaint: '第二份心电图', file: IMAGE });
  await act(approver, after.id, 'approve');
  await openRow(one, '心悸两天');
  await button(one, '接诊', 'Accept').waitFor();
  await button(one, '接诊', 'Accept').click();
  await page.getByRole('textbox', { name: /会诊所见|Findings/ }).waitFor({ timeout: 8000 });
  await work.imageShown(one);
  await page.setViewportSize({ width: 1366, height: 768 });
  const boxes = await page.evaluate(() => ['.stage', '.opinion-form textarea'].map((s) => { const r = document.querySelector(s).getBoundingClientRect(); return { left: Math.round(r.left), right: Math.round(r.right), top: Math.round(r.top), bottom: Math.round(r.bottom) }; }));
  checks.ok(boxes[0].right <= boxes[1].left && boxes[0].top < 768 && boxes[1].top < 768, 'image and report stand side by side on 1366x768', JSON.stringify(boxes));
  await looks.page(one, 'r15-reading', { settle: 300 });
  await page.getByRole('textbox', { name: /会诊所见|Findings/ }).fill('V1-V4 导联 ST 段抬高');
  await page.getByRole('textbox', { name: /^(诊断意见|Diagnosis)/ }).fill('急性前壁心肌梗死');
  await page.getByRole('checkbox', { name: /危急值/ }).check();
  await page.getByRole('textbox', { name: /危急值内容/ }).fill('急性 ST 段抬高型心肌梗死');
  await work.showImage(one, 'rtdose');
  await page.getByRole('slider', { name: '帧' }).focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  await page.getByRole('button', { name: /标为关键影像：rtdose.dcm 第 4 帧/ }).click();
  await button(one, '保存意见草稿', 'Save opinion draft').click();
  await page.getByText(/意见草稿已保存|Opinion draft saved/).first().waitFor({ timeout: 6000 });
  await button(one, '下一例', 'Next case').click();
  await button(one, '接诊', 'Accept').click();
  await button(one, '转为实时会诊', 'Convert to a live session').click();
  await button(one, '确认', 'Confirm').click();
  await reach(after.id, 'accepted');
  await button(one, '进入会诊室', 'Enter session').waitFor({ timeout: 5000 });
  checks.ok(gateway.sql(`SELECT kind FROM consultation WHERE id='${after.id}'`)[0].kind === 'live', 'the next case is one click away; a read becomes a live consultation with the same specialist');
  await act(clinician, after.id, 'withdraw', { reason_code: 'no-longer-needed' });
  await one.place(`#/c/${read}`);
  await clinician.place('#/worklist');
  await button(one, '出具初步意见', 'Give a preliminary opinion').click();
  await button(one, '确认', 'Confirm').click();
  await reach(read, 'opinion-draft');
}

async function critical() {
  const { page } = clinician;
  const alarm = page.getByRole('alertdialog', { name: /危急值/ });
  await alarm.waitFor({ timeout: 8000 });
  await until('the title of the tab says it', async () => /会诊告警/.test(await page.title()), 4000, 50);
  await looks.page(clinician, 'r16-critical-alarm', { settle: 200 });
  await alarm.getByRole('link').click();
  const banner = page.locator('.critical-banner');
  await banner.waitFor();
  checks.ok(/请在 1[0-5] 分/.test(await banner.innerText()), 'the critical value stands in red, with the time that is left', (await banner.innerText()).replace(/\s+/g, ' '));
  await looks.page(clinician, 'r17-critical-case', { settle: 200 });
  await button(clinician, '确认危急值', 'Acknowledge critical value').click();
  await page.getByText(/危急值已于/).waitFor({ timeout: 5000 });
  checks.ok(gateway.sql(`SELECT critical_known_ms AS ms FROM consultation WHERE id='${read}'`)[0].ms > 0 && !/会诊告警/.test(await page.title()), 'acknowledged; the alarm is over');
  await page.getByText('初步意见').first().waitFor();
}

async function verifying() {
  await listTab(seven, '待复核').click(); // opened now, it is read anew
  await row(seven, '心悸两天').waitFor({ timeout: 8000 });
  await looks.page(seven, 'r18-verify-list');
  await openRow(seven, '心悸两天');
  await button(seven, '复核并签署', 'Verify and sign').waitFor();
  await looks.page(seven, 'r19-verify-case', { settle: 300 });
  await button(seven, '退回修改', 'Send back for revision').click();
  await seven.page.getByRole('textbox', { name: /说明/ }).fill('请补充既往心电图对照');
  await button(seven, '确认', 'Confirm').click();
  await reach(read, 'awaiting-opinion');
  await one.place(`#/c/${read}`);
  await one.page.getByRole('textbox', { name: /会诊所见|Findings/ }).fill('V1-V4 导联 ST 段抬高，较两年前新出现');
  await button(one, '保存意见草稿', 'Save opinion draft').click();
  await one.page.getByText(/意见草稿已保存/).first().waitFor({ timeout: 6000 });
  const alone = await one.api('POST', `/consultations/${read}/actions/sign`, {});
  checks.ok(alone.status === 409 && alone.body.code === 'opinion.second-reader', 'control: the first reader cannot sign alone', `${alone.status} ${alone.body.code}`);
  await button(one, '出具初步意见', 'Give a preliminary opinion').click();
  await button(one, '确认', 'Confirm').click();
  await reach(read, 'opinion-draft');
  await seven.place(`#/c/${read}`);
  await button(seven, '复核并签署', 'Verify and sign').click();
  await button(seven, '确认签署', 'Sign now').click();
  await reach(read, 'signed');
  const signed = (await clinician.api('GET', `/consultations/${read}`)).body.opinion.body;
  checks.ok(signed.key_images?.[0]?.frame === 3 && signed.critical?.finding.length > 0, 'the signed report has the key image that was marked in the viewer, with its frame', JSON.stringify(signed.key_images));
  checks.ok(true, 'sent back with a reason, revised, verified and signed by the second reader');
}

async function afterwards() {
  const { page } = clinician;
  await clinician.place(`#/c/${read}`);
  await page.getByText(/签名有效/).first().waitFor({ timeout: 8000 });
  checks.ok(/示范心内.*七/.test(await words(clinician)), 'the second reader is named');
  await work.recordDecision(clinician);
  await reach(read, 'acknowledged');
  await looks.page(clinician, 'r20-acknowledged');
  await looks.dialog(clinician, 'r21-dialog-follow-up', '安排随访', 'Plan a follow-up');
  await button(clinician, '安排随访', 'Plan a follow-up').click();
  await page.getByRole('textbox', { name: /随访内容/ }).fill('复查心电图和肌钙蛋白');
  await button(clinician, '确认', 'Confirm').click();
  await page.getByText('复查心电图和肌钙蛋白').waitFor({ timeout: 5000 });
  checks.ok(state(read) === 'follow-up' && /还有 7 天/.test(await words(clinician)), 'a follow-up is planned: day, text, how long still');
  await page.getByRole('link', { name: '据此再次会诊' }).click();
  await page.getByText('基于既往会诊').waitFor({ timeout: 5000 });
  checks.ok(await page.getByRole('textbox', { name: /^姓名/ }).inputValue() === '示范患者己' && await page.getByRole('textbox', { name: /会诊目的/ }).inputValue() === '', 'a new one based on it: the same patient, a new question');
  await looks.page(clinician, 'r22-based-on');
  page.once('dialog', (d) => d.accept());
  await clinician.place(`#/c/${read}`);
  await button(clinician, '办结归档', 'Close case').click();
  await button(clinician, '确认', 'Confirm').click();
  await reach(read, 'closed');
  await clinician.place('#/worklist/recent');
  await row(clinician, '心悸两天').waitFor({ timeout: 5000 });
}

async function appointment() {
  const made = await request(clinician, { complaint: '反复头晕，约时间会诊', urgency: 'urgent' });
  await act(approver, made.id, 'approve');
  await reach(made.id, 'offered');
  await act(one, made.id, 'accept');
  await one.place(`#/c/${made.id}`);
  await looks.dialog(one, 'r23-dialog-schedule', '预约时间', 'Fix a time');
  await button(one, '预约时间', 'Fix a time').click();
  await one.page.getByLabel('日期').fill('2020-01-01');
  await button(one, '确认', 'Confirm').click();
  const error = one.page.getByRole('dialog').getByText('时间须在现在之后');
  checks.ok(await error.isVisible(), 'a time that has passed is told at its field');
  const day = await one.page.evaluate(() => { const d = new Date(Date.now() + 86400000); return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`; });
  await one.page.getByLabel('日期').fill(day);
  await one.page.getByLabel('开始时间').fill('10:00');
  await button(one, '确认', 'Confirm').click();
  await reach(made.id, 'scheduled');
  await one.page.getByText(/预约 .*10:00/).first().waitFor({ timeout: 5000 });
  const other = await request(clinician, { complaint: '另一位患者同一时间', urgency: 'urgent' });
  await act(approver, other.id, 'approve');
  await act(one, other.id, 'accept');
  await one.place(`#/c/${other.id}`);
  await button(one, '预约时间', 'Fix a time').click();
  await one.page.getByLabel('日期').fill(day);
  await one.page.getByLabel('开始时间').fill('10:10');
  await button(one, '确认', 'Confirm').click();
  const busy = one.page.getByRole('dialog').locator('.field-error');
  await busy.waitFor({ timeout: 5000 });
  checks.ok((await busy.innerText()).length > 5, 'a time that is taken is told at its field', await busy.innerText());
  await looks.one(one, 'r24-schedule-busy', 'zh', true, false);
  await one.page.keyboard.press('Escape');
  await one.place(`#/c/${made.id}`);
  await button(one, '改约', 'Put off').click();
  await one.page.getByLabel('开始时间').fill('15:30');
  await button(one, '确认', 'Confirm').click();
  await one.page.getByText(/15:30/).first().waitFor({ timeout: 5000 });
  await looks.page(one, 'r25-scheduled');
  await clinician.place('#/worklist/todo');
  await row(clinician, '约时间会诊').waitFor();
  await looks.page(clinician, 'r26-clinician-list');
  await clinician.place(`#/c/${made.id}`);
  await button(clinician, '取消预约', 'Cancel appointment').click();
  await button(clinician, '确认', 'Confirm').click();
  await reach(made.id, 'cancelled');
  await button(clinician, '重新安排', 'Arrange anew').click();
  await button(clinician, '确认', 'Confirm').click();
  await reach(made.id, 'accepted');
  checks.ok(true, 'fixed, put off with a reason, cancelled, arranged anew with the same specialist');
}

// One is in the room and the other does not come: who is late is reminded, then both are told, and it is arranged anew.
async function nobodyComes() {
  const { page } = clinician;
  const made = await request(clinician, { complaint: '等待对方到场', urgency: 'urgent' });
  await act(approver, made.id, 'approve');
  await act(one, made.id, 'accept');
  await clinician.place('#/worklist');
  await one.place(`#/c/${made.id}/room`);
  await one.page.getByRole('button', { name: '挂断' }).waitFor({ timeout: 15000 });
  await reach(made.id, 'ready');
  const reminder = page.getByRole('status').filter({ hasText: '对方已在会诊室等候' });
  checks.ok(await reminder.count() === 0, 'control: nobody is reminded before its time');
  dueNow(gateway, made.id, 'ready-call');
  await reminder.waitFor({ timeout: 8000 });
  await until('the reminder says which one', async () => /C-\d{8}-\d{4}/.test(await reminder.innerText()), 5000);
  await looks.page(clinician, 'r28-other-side-waits', { settle: 200 });
  const link = reminder.getByRole('link');
  checks.ok(await link.getAttribute('href') === `#/c/${made.id}`, 'the one who is late is reminded on whatever page, with the way there', await reminder.innerText());
  checks.ok(await one.page.getByText('对方已在会诊室等候').count() === 0, 'the one who waits is not told that the other side does');
  await clinician.place('#/worklist/todo');
  dueNow(gateway, made.id, 'ready-missed');
  await reach(made.id, 'no-show');
  await reminder.waitFor({ state: 'detached', timeout: 5000 });
  await row(clinician, '等待对方到场').filter({ hasText: '未到场' }).waitFor({ timeout: 8000 });
  const listed = await row(clinician, '等待对方到场').innerText();
  checks.ok(/可重新安排/.test(listed), 'a missed one stands in the list, with what can be done', listed.replace(/\s+/g, ' '));
  await openRow(clinician, '等待对方到场');
  await button(clinician, '重新安排', 'Arrange anew').waitFor();
  checks.ok(/原因：.*未到/.test(await words(clinician)), 'the requester reads why', await page.locator('.notice.warn').first().innerText());
  await looks.page(clinician, 'r29-no-show');
  await button(one, '重新安排', 'Arrange anew').waitFor({ timeout: 8000 });
  checks.ok(/原因：.*未到/.test(await words(one)), 'so does the one who waited in the room', (await one.page.locator('.notice.warn').first().innerText()));
  await button(clinician, '重新安排', 'Arrange anew').click();
  await button(clinician, '确认', 'Confirm').click();
  await reach(made.id, 'accepted');
  await act(clinician, made.id, 'withdraw', { reason_code: 'no-longer-needed' });
}

async function filters() {
  const { page } = clinician;
  await clinician.place('#/worklist/todo');
  await row(clinician, '约时间会诊').waitFor();
  const rows = () => page.locator('table.list tbody tr').count();
  const all = await rows();
  await page.keyboard.press('/');
  await page.keyboard.type('同一时间');
  await until('the words narrow it', async () => (await rows()) === 1, 3000);
  await page.keyboard.press('ArrowDown');
  await until('the arrow leads to the row', () => page.evaluate(() => document.activeElement.closest('tr')?.innerText.includes('同一时间')), 3000);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^会诊 C-/ }).waitFor();
  await clinician.place('#/worklist/todo');
  await page.getByRole('searchbox').fill('没有这样的词');
  await page.getByText('没有符合筛选条件的会诊').waitFor();
  await looks.one(clinician, 'r27-filter-nothing', 'zh', true, false);
  await page.locator('.empty').getByRole('button').click();
  checks.ok(all >= 2 && await rows() === all, 'words narrow a list, by the keyboard alone; nothing found says so and can be undone', `${all} rows`);
}

await day({
  checks, gateway, browser, looks,
  terms: { 'DEMO-REMOTE': { approval: true, second_reader: ['read'] } },
  steps: [empties, keys, statCall, newRead, approval, reading, critical, verifying, afterwards, appointment, nobodyComes, filters],
  people: () => [clinician, approver, one, seven],
});
