// The day of those who answer: a coordinator (triage, alarms, handing over, putting another in charge), the chair and a member of a multi-disciplinary consultation, a quality
// reviewer. Chinese and English, desk and telephone, axe-core; the pictures are in build/reports/screens/.
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, sleep, until } from './lib/gateway.mjs';
import { Looks } from './lib/look.mjs';
import { act, button, day, dueNow, enter, listTab, openRow, request, row } from './lib/roles.mjs';
import { Browser } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const looks = new Looks();
let clinician, coordinator, chair, seven, radiologist, reviewer;
let stat, mdt;

const state = (id) => gateway.sql(`SELECT state FROM consultation WHERE id='${id}'`)[0]?.state;
const reach = (id, wanted) => until(`${wanted} in the store, not ${state(id)}`, () => state(id) === wanted, 8000);
const COUNT_TONES = () => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...a) { window.tones += 1; return start.apply(this, a); };
};

async function signIn() {
  clinician = await enter(browser, 'demo.clinician4', { init: COUNT_TONES });
  coordinator = await enter(browser, 'demo.coordinator1', { init: COUNT_TONES });
  chair = await enter(browser, 'demo.specialist1');
  seven = await enter(browser, 'demo.specialist7');
  radiologist = await enter(browser, 'demo.specialist2');
  reviewer = await enter(browser, 'demo.reviewer1');
  for (const id of ['unanswered', 'unattended', 'triage', 'offered', 'asked', 'answered']) {
    await coordinator.place(`#/coordination/${id}`);
    await coordinator.page.locator('.empty').waitFor();
    checks.ok((await coordinator.page.locator('.empty').innerText()).length > 8, `the coordinator's empty list ${id} says what to do`);
  }
  await coordinator.place('#/coordination/triage');
  await looks.page(coordinator, 'r40-coordinator-empty');
  await reviewer.page.locator('.empty').waitFor();
  await looks.page(reviewer, 'r41-reviewer-empty');
}

// A specialist who asks, too: the most that a header has to hold.
async function severalRoles() {
  const both = await enter(browser, 'demo.specialist4');
  await both.place('#/queue');
  await work.goOnDuty(both);
  await both.page.getByRole('button', { name: /暂停/ }).waitFor();
  await looks.page(both, 'r39-several-roles');
  await both.language('en');
  const clipped = await both.page.evaluate(() => { const nav = document.querySelector('header nav'); return nav.scrollWidth - nav.clientWidth; });
  checks.ok(clipped <= 0, 'of somebody with several roles every place stands in the header', `${clipped} px too wide`);
  await both.close();
}

async function triage() {
  const made = await request(clinician, { complaint: '活动后气促三月' });
  checks.ok(made.state === 'submitted', 'under this agreement a request waits for triage', made.state);
  await clinician.place(`#/c/${made.id}`);
  await clinician.page.getByText('等待协调员分诊').first().waitFor({ timeout: 5000 });
  await row(coordinator, '活动后气促').waitFor({ timeout: 5000 });
  await looks.page(coordinator, 'r42-triage-list');
  await openRow(coordinator, '活动后气促');
  await button(coordinator, '分诊', 'Triage').waitFor();
  await looks.dialog(coordinator, 'r43-dialog-triage', '分诊', 'Triage');
  await work.goOnDuty(chair);
  await button(coordinator, '分诊', 'Triage').click();
  await coordinator.page.getByRole('radio', { name: '紧急' }).check();
  await coordinator.page.getByRole('combobox', { name: '受邀机构' }).selectOption({ label: '示范市第一医院（演示）' });
  await button(coordinator, '确认', 'Confirm').click();
  await reach(made.id, 'offered');
  await chair.page.getByRole('alertdialog').waitFor({ timeout: 8000 });
  checks.ok(gateway.sql(`SELECT urgency FROM consultation WHERE id='${made.id}'`)[0].urgency === 'urgent', 'triaged: more urgent, to the named hospital, and it rings there');
  await looks.page(coordinator, 'r44-coordinator-case');
  await chair.page.getByRole('alertdialog').getByRole('link').click();
  await button(chair, '接诊', 'Accept').click();
  await reach(made.id, 'accepted');
  await work.goOnDuty(seven);
  await looks.dialog(chair, 'r45-dialog-hand-over', '移交', 'Hand over');
  await button(chair, '移交', 'Hand over').click();
  await chair.page.getByRole('combobox', { name: '原因' }).selectOption('shift-ends');
  await button(chair, '确认', 'Confirm').click();
  await reach(made.id, 'offered');
  await until('the one who handed it over is back at the list', () => chair.page.evaluate(() => location.hash.startsWith('#/queue')), 5000);
  await row(seven, '活动后气促').waitFor({ timeout: 8000 });
  checks.ok(await chair.page.getByRole('row').filter({ hasText: '活动后气促' }).count() === 0, 'handed over: it is offered to the colleague, not to the one who had it');
  await act(seven, made.id, 'accept');
  await coordinator.place('#/coordination/answered');
  await row(coordinator, '活动后气促').waitFor({ timeout: 5000 });
  await looks.page(coordinator, 'r46-coordinator-answered');
  await act(clinician, made.id, 'withdraw', { reason_code: 'no-longer-needed' });
}

async function nobodyAnswers() {
  for (const tab of [chair, seven]) await tab.page.getByRole('switch', { name: '值班' }).click();
  await clinician.place('#/worklist');
  await coordinator.place('#/coordination');
  const made = await clinician.api('POST', '/stat', { specialty: 'cardiology', patient: { sex: 'male', age: '71' }, request: { complaint: '突发晕厥' } });
  stat = made.body.id;
  const alarm = coordinator.page.getByRole('alertdialog', { name: '会诊告警' });
  await alarm.waitFor({ timeout: 30000 });
  const tones = await until('it is heard', () => coordinator.page.evaluate(() => window.tones), 5000);
  await until('the title of the tab says it', async () => /会诊告警/.test(await coordinator.page.title()), 4000, 50);
  checks.ok(tones > 0 && /无人接诊/.test(await alarm.innerText()), 'nobody answers: the coordinator is alarmed, by sound, banner and title', (await alarm.innerText()).replace(/\s+/g, ' '));
  const own = clinician.page.getByRole('alertdialog', { name: '会诊告警' });
  await own.waitFor({ timeout: 30000 });
  await until('the requester is told that it is the own one', async () => /您的会诊/.test(await own.innerText()), 5000);
  await looks.page(clinician, 'r47-requester-alarm', { settle: 200 });
  await looks.page(coordinator, 'r48-coordinator-alarm', { settle: 200 });
  await button(clinician, '知道了', 'Acknowledge').click();
  await own.waitFor({ state: 'detached' });
  await clinician.place(`#/c/${stat}`);
  await clinician.page.getByText(/告警 \d+ 次|协调员已被告知/).first().waitFor({ timeout: 5000 });
  await row(coordinator, '突发晕厥').waitFor({ timeout: 5000 });
  await coordinator.page.getByRole('alertdialog').getByRole('link', { name: '处理' }).click();
  await button(coordinator, '分诊', 'Triage').waitFor();
  await looks.page(coordinator, 'r49-unanswered-case', { settle: 200 });
  const before = await coordinator.page.evaluate(() => window.tones);
  await until('acknowledged, it is silent', async () => (await coordinator.page.getByRole('alertdialog').count()) === 0 && !/会诊告警/.test(await coordinator.page.title()), 3000).catch(() => {});
  checks.ok(before > 0, 'what was acknowledged stops to sound until the next alarm');
  await work.goOnDuty(chair);
  await chair.page.getByRole('alertdialog').waitFor({ timeout: 10000 });
  await act(chair, stat, 'accept');
  await until('the alarm ends when somebody takes it', async () => (await coordinator.page.getByRole('alertdialog').count()) === 0, 8000);
  checks.ok(true, 'the alarm is over with the acceptance');
}

// A request that is not stat and that nobody takes: the deadline passes, coordinators are alarmed twice, it expires; one click sends it again.
async function expires() {
  const operator = await enter(browser, 'demo.operator');
  const made = await request(clinician, { complaint: '乏力待查，无人接诊', specialty: 'radiology' });
  if (made.state === 'submitted') await act(coordinator, made.id, 'triage', {});
  await reach(made.id, 'offered');
  await clinician.place('#/worklist');
  await until('it expires', async () => {
    if (state(made.id) === 'expired') return true;
    dueNow(gateway, made.id, 'offer-deadline');
    await sleep(1200);
    return false;
  }, 30000);
  checks.ok(await operator.page.getByRole('alertdialog', { name: '会诊告警' }).count() > 0, 'the operator was alarmed, and sees no case', (await operator.page.getByRole('alertdialog').first().innerText().catch(() => '')).replace(/\s+/g, ' '));
  await operator.close();
  await row(clinician, '无人接诊').waitFor({ timeout: 8000 });
  const words = await row(clinician, '无人接诊').innerText();
  checks.ok(/可再次提交/.test(words), 'what expired stands among what is to be done', words.replace(/\s+/g, ' '));
  await openRow(clinician, '无人接诊');
  await button(clinician, '再次提交', 'Submit once more').waitFor();
  await looks.page(clinician, 'r59-expired');
  await button(clinician, '再次提交', 'Submit once more').click();
  await button(clinician, '确认', 'Confirm').click();
  await until('it is sent again', () => ['submitted', 'offered'].includes(state(made.id)), 8000);
  await act(clinician, made.id, 'withdraw', { reason_code: 'no-longer-needed' });
}

async function session(tab, other, id) {
  for (const person of [tab, other]) {
    await person.place(`#/c/${id}`);
    await button(person, '进入会诊室', 'Enter session').click();
  }
  await until('both are there', () => state(id) === 'in-session', 15000);
  await work.endSession(tab);
  await reach(id, 'awaiting-opinion');
}

async function closeStat() {
  await session(chair, clinician, stat);
  await work.signOpinion(chair);
  await reach(stat, 'signed');
  await clinician.place(`#/c/${stat}`);
  await work.recordDecision(clinician);
  await reach(stat, 'acknowledged');
  await act(clinician, stat, 'close');
}

async function severalSpecialties() {
  const made = await request(clinician, { kind: 'mdt', complaint: '肺部占位合并心律失常', question: '能否手术？' });
  mdt = made.id;
  if (made.state === 'submitted') await act(coordinator, mdt, 'triage', {});
  await reach(mdt, 'offered');
  await act(chair, mdt, 'accept');
  await work.goOnDuty(radiologist);
  await chair.place(`#/c/${mdt}`);
  await chair.page.getByText('还没有邀请其他专科').waitFor();
  await looks.dialog(chair, 'r50-dialog-enlist', '邀请专科医师', 'Ask a specialist');
  await button(chair, '邀请专科医师', 'Ask a specialist').click();
  await chair.page.getByRole('button', { name: /请其发表意见 示范影像专家二/ }).click();
  await chair.page.getByText(/1 位成员尚未发表意见/).waitFor({ timeout: 5000 });
  await chair.page.keyboard.press('Escape');
  checks.ok(true, 'the chair asks a specialty, and sees whose opinion is outstanding');
  await looks.page(chair, 'r51-chair-outstanding');
  await radiologist.place('#/queue');
  await listTab(radiologist, '待我发表意见').click();
  await row(radiologist, '肺部占位').waitFor({ timeout: 5000 });
  await looks.page(radiologist, 'r52-member-list');
  await openRow(radiologist, '肺部占位');
  await button(radiologist, '提交意见', 'Give opinion').waitFor();
  await button(radiologist, '提交意见', 'Give opinion').click();
  await radiologist.page.getByText('请填写意见并选择态度').waitFor();
  await radiologist.page.getByRole('textbox', { name: '本专科意见' }).fill('影像提示纵隔受侵，建议先行新辅助治疗');
  await radiologist.page.getByRole('radio', { name: '不同意', exact: true }).check();
  await looks.page(radiologist, 'r53-member-case');
  await button(radiologist, '提交意见', 'Give opinion').click();
  await radiologist.page.getByText('意见已提交').waitFor({ timeout: 5000 });
  await chair.page.getByText('有成员持不同意见').waitFor({ timeout: 5000 });
  await session(chair, clinician, mdt);
  await chair.page.getByRole('textbox', { name: /会诊所见/ }).waitFor();
  await chair.page.getByRole('textbox', { name: /会诊所见/ }).fill('肺占位，阵发性房颤');
  await chair.page.getByRole('textbox', { name: /^诊断意见/ }).fill('右肺占位');
  const treatment = chair.page.getByRole('textbox', { name: /治疗建议/ });
  if (await treatment.count()) await treatment.fill('先行控制心室率');
  await button(chair, '签署意见', 'Sign opinion').click();
  await button(chair, '确认签署', 'Sign now').click();
  const refused = chair.page.getByRole('dialog').getByRole('alert');
  await refused.waitFor({ timeout: 6000 });
  checks.ok(/分歧/.test(await refused.innerText()), 'control: a disagreement that is not written down cannot be signed away', await refused.innerText());
  await chair.page.keyboard.press('Escape');
  await chair.page.getByRole('textbox', { name: /不同意见/ }).fill('影像科建议先行新辅助治疗，心内科认为可直接手术');
  await looks.page(chair, 'r54-chair-synthesis', { settle: 300 });
  await button(chair, '签署意见', 'Sign opinion').click();
  await button(chair, '确认签署', 'Sign now').click();
  await reach(mdt, 'signed');
  await clinician.place(`#/c/${mdt}`);
  await clinician.page.getByText(/签名有效/).first().waitFor({ timeout: 8000 });
  checks.ok(/新辅助治疗/.test(await clinician.page.locator('main').innerText()), 'the inviting party reads the synthesis and each opinion');
  await looks.page(clinician, 'r55-mdt-signed');
}

// A member who cannot give an opinion says so; the chair waits for it no longer, and reads why.
async function memberExcuses() {
  const made = await request(clinician, { kind: 'mdt', complaint: '多发结节待查', question: '如何随访？' });
  if (made.state === 'submitted') await act(coordinator, made.id, 'triage', {});
  await reach(made.id, 'offered');
  await act(chair, made.id, 'accept');
  const account = (await radiologist.api('GET', '/session')).body.account.id;
  await act(chair, made.id, 'enlist', { account, specialty: 'radiology' });
  await chair.place(`#/c/${made.id}`);
  await chair.page.getByText(/1 位成员尚未发表意见/).waitFor({ timeout: 5000 });
  await radiologist.place('#/queue/member');
  await openRow(radiologist, '多发结节');
  await button(radiologist, '我不能参加', 'I cannot take part').click();
  const dialog = radiologist.page.getByRole('dialog', { name: '我不能参加' });
  checks.ok(await dialog.getByRole('button', { name: '确认' }).isDisabled(), 'control: without a reason a member does not stay away');
  await dialog.getByRole('textbox', { name: /说明/ }).fill('正在急诊手术，今日无法阅片');
  await looks.one(radiologist, 'r60-member-excuses', 'zh', true, false);
  await dialog.getByRole('button', { name: '确认' }).click();
  await chair.page.getByText('正在急诊手术，今日无法阅片').waitFor({ timeout: 5000 });
  const panel = chair.page.getByRole('region', { name: '多学科成员意见' });
  checks.ok(/缺席/.test(await panel.innerText()) && !/尚未发表意见/.test(await panel.innerText()), 'the chair reads who stays away and why, and waits for nobody', (await panel.innerText()).replace(/\s+/g, ' '));
  await looks.page(chair, 'r61-member-excused');
  await radiologist.place('#/queue/member');
  await radiologist.page.locator('.empty').waitFor({ timeout: 8000 });
  checks.ok(gateway.sql(`SELECT state FROM consultation_member WHERE consultation_id='${made.id}'`)[0]?.state === 'absent', 'it has left the member\'s list, and stands in the record');
  await act(clinician, made.id, 'withdraw', { reason_code: 'no-longer-needed' });
}

async function review() {
  await row(reviewer, '突发晕厥').waitFor({ timeout: 8000 });
  await looks.page(reviewer, 'r56-reviewer-list');
  await openRow(reviewer, '突发晕厥');
  await button(reviewer, '评审', 'Review').waitFor();
  await looks.page(reviewer, 'r57-reviewer-case');
  await reviewer.page.getByRole('radio', { name: '不合格' }).check();
  await button(reviewer, '评审', 'Review').click();
  await reviewer.page.getByText('不合格须写明评语').waitFor();
  await reviewer.page.getByRole('textbox', { name: '评语' }).fill('接诊等待过长，意见完整');
  await reviewer.page.getByRole('radio', { name: '合格', exact: true }).check();
  await button(reviewer, '评审', 'Review').click();
  await reviewer.page.getByText('评审已记录').waitFor({ timeout: 5000 });
  checks.ok(gateway.sql(`SELECT result FROM quality_review WHERE consultation_id='${stat}'`)[0]?.result === 'acceptable', 'reviewed: a poor result needs words, the result is kept');
  await reviewer.place('#/review');
  await until('it has left the list', async () => (await reviewer.page.locator('.empty').count()) > 0, 5000);
  await button(clinician, '标记为录入有误', 'Mark as entered in error').click();
  checks.ok(await button(clinician, '确认', 'Confirm').isDisabled(), 'marking as entered in error needs words');
  await clinician.page.getByRole('textbox', { name: /说明/ }).fill('患者身份录入错误');
  await button(clinician, '确认', 'Confirm').click();
  await reach(mdt, 'entered-in-error');
  await looks.page(clinician, 'r58-entered-in-error');
}

// The chair's account is closed while the opinion is written: the coordinator finds the case, a colleague goes on from the draft.
async function putInCharge() {
  const made = await request(clinician, { complaint: '反复心悸半年' });
  if (made.state === 'submitted') await act(coordinator, made.id, 'triage', {});
  await reach(made.id, 'offered');
  await act(chair, made.id, 'accept');
  await session(chair, clinician, made.id);
  await chair.page.getByRole('textbox', { name: /^诊断意见/ }).fill('阵发性室上性心动过速？');
  await button(chair, '保存意见草稿', 'Save opinion draft').click();
  await until('the draft is saved', () => gateway.sql(`SELECT body FROM opinion WHERE consultation_id='${made.id}'`)[0]?.body.includes('心动过速'), 8000);
  await coordinator.place('#/coordination/unattended');
  await coordinator.page.locator('.empty').waitFor();
  gateway.consultctl('user', 'disable', 'demo.specialist1');
  await coordinator.place('#/coordination/answered');
  await coordinator.place('#/coordination/unattended');
  await row(coordinator, '反复心悸').waitFor({ timeout: 8000 });
  checks.ok(/账号已停用/.test(await row(coordinator, '反复心悸').innerText()), 'whose account is closed leaves a case in the coordinator’s list', (await row(coordinator, '反复心悸').innerText()).replace(/\s+/g, ' '));
  await looks.page(coordinator, 'r60-unattended-list');
  await openRow(coordinator, '反复心悸');
  await button(coordinator, '更换负责医师', 'Put another in charge').waitFor();
  await looks.page(coordinator, 'r61-unattended-case');
  await looks.dialog(coordinator, 'r62-dialog-take-over', '更换负责医师', 'Put another in charge');
  await button(coordinator, '更换负责医师', 'Put another in charge').click();
  checks.ok(await button(coordinator, '确认', 'Confirm').isDisabled(), 'somebody has to be named');
  const who = coordinator.page.getByRole('combobox', { name: '接手医师' });
  const names = await who.locator('option').allInnerTexts();
  checks.ok(names.some((n) => n.includes('示范心内主任七')) && !names.some((n) => n.includes('示范心内专家一')), 'the colleagues of the specialty are to choose from', names.join(', '));
  await who.selectOption({ index: names.findIndex((n) => n.includes('示范心内主任七')) });
  await seven.place('#/queue');
  await button(coordinator, '确认', 'Confirm').click();
  await seven.page.getByText('协调员请您接手一例会诊').waitFor({ timeout: 8000 });
  checks.ok(true, 'the colleague is told at once');
  await coordinator.place('#/coordination/unattended');
  await coordinator.page.locator('.empty').waitFor({ timeout: 5000 });
  await seven.place(`#/c/${made.id}`);
  await seven.page.getByText(/示范心内专家一书写/).waitFor({ timeout: 5000 });
  await looks.page(seven, 'r63-others-draft');
  const diagnosis = seven.page.getByRole('textbox', { name: /^诊断意见/ });
  checks.ok(/心动过速/.test(await diagnosis.inputValue()), 'and goes on from what was written');
  await diagnosis.fill('阵发性室上性心动过速');
  await until('it is the own version', () => gateway.sql(`SELECT COUNT(*) AS n FROM opinion WHERE consultation_id='${made.id}'`)[0].n === 2, 8000);
  await seven.page.getByText(/示范心内专家一书写/).waitFor({ state: 'detached', timeout: 5000 });
  checks.ok(await diagnosis.inputValue() === '阵发性室上性心动过速', 'the form stays when the first own version is saved', await diagnosis.inputValue());
  await work.signOpinion(seven);
  await reach(made.id, 'signed');
  await clinician.place(`#/c/${made.id}`);
  await clinician.page.getByText(/签名有效/).first().waitFor({ timeout: 8000 });
  checks.ok(/示范心内主任七/.test(await clinician.page.locator('main').innerText()), 'signed in the own name');
  await looks.page(clinician, 'r64-taken-over-signed');
}

await day({
  checks, gateway, browser, looks,
  terms: { 'DEMO-URBAN': { triage: true, timers: { ring: { stat: 2 }, 'offer-deadline': { stat: 10 } } } },
  steps: [signIn, severalRoles, triage, nobodyAnswers, closeStat, severalSpecialties, memberExcuses, review, expires, putInCharge],
  people: () => [clinician, coordinator, chair, seven, radiologist, reviewer],
});
