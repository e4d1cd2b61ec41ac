// The daily work of both people, step by step, as the browser tests use it: by role and accessible name, in both languages.
import path from 'node:path';
import { pydicom, until } from './gateway.mjs';

const either = (zh, en) => new RegExp(`^(${zh}|${en})$`);
const button = (page, zh, en) => page.getByRole('button', { name: either(zh, en) });

// Accounts of the demonstration data that hold a role; the clinician's organisation is a township's.
export function account(demo, predicate) {
  const people = demo.practitioners.filter((p) => p.account && predicate(p, p.account));
  if (people.length === 0) throw new Error('the demonstration data has no such account');
  return { login: people[0].account.login, password: people[0].account.password, person: people[0] };
}

export async function newConsultation(person, { specialty, urgency = /紧急|Urgent/, files = ['CT_small.dcm', 'MR_small.dcm'] }) {
  const { page } = person;
  await button(page, '发起会诊', 'New consultation').click();
  await page.getByRole('textbox', { name: /^(姓名|Name)/ }).fill('示范患者甲');
  await page.getByRole('combobox', { name: /性别|Sex/ }).selectOption({ index: 1 });
  await page.getByRole('textbox', { name: /出生日期|Date of birth/ }).fill('1958-03-12');
  await page.getByRole('textbox', { name: /主诉|Complaint/ }).fill('胸痛三小时，活动后加重');
  await page.getByRole('textbox', { name: /会诊目的|Question for the specialist/ }).fill('是否需要转诊行冠脉造影？');
  await page.getByRole('textbox', { name: /初步诊断|Initial diagnosis/ }).fill('冠心病？');
  await page.getByRole('combobox', { name: /会诊专科|Specialty/ }).selectOption(specialty);
  await page.getByRole('radio', { name: urgency }).check();
  for (const name of [/患者同意会诊|consents to the consultation/, /患者同意影像资料共享|consents to sharing/, /患者同意录制|consents to recording/]) {
    await page.getByRole('checkbox', { name }).check();
  }
  await page.getByLabel(/^(选择文件|Choose files)$/).setInputFiles(files.map((f) => (path.isAbsolute(f) ? f : path.join(pydicom, f))));
  const list = page.getByRole('list', { name: /附件|Attachments/ });
  await until('all files are attached', async () => (await list.getByRole('listitem').count()) >= files.length, 30000);
}

export async function submit(person) {
  await button(person.page, '提交会诊申请', 'Submit request').click();
  await person.page.getByRole('status').filter({ hasText: /等待接诊|Waiting for a specialist/ }).first().waitFor({ timeout: 20000 });
}

export async function goOnDuty(person) {
  const duty = person.page.getByRole('switch', { name: /值班|On duty/ });
  if ((await duty.getAttribute('aria-checked')) !== 'true' && !(await duty.isChecked().catch(() => false))) await duty.click();
}

// Opens the case that rings or waits in the queue.
export async function openOffered(person) {
  const { page } = person;
  const link = page.getByRole('link', { name: /打开 C-|Open C-/ }).first();
  const ring = page.getByRole('alertdialog').getByRole('link', { name: /查看病例|View case/ });
  await until('an offer is there', async () => (await ring.count()) > 0 || (await link.count()) > 0, 20000);
  if (await ring.count()) await ring.click();
  else await link.click();
  await button(page, '接诊', 'Accept').waitFor();
}

export const accept = (person) => button(person.page, '接诊', 'Accept').click();

export async function enterSession(person) {
  const enter = button(person.page, '进入会诊室', 'Enter session');
  const inside = button(person.page, '挂断', 'Hang up');
  await until('the room can be entered', async () => (await enter.count()) > 0 || (await inside.count()) > 0, 20000);
  if ((await inside.count()) === 0) await enter.first().click();
  await inside.waitFor({ timeout: 20000 });
}

export async function showImage(person, name) {
  await person.page.getByRole('list', { name: /影像列表|Image list/ }).getByRole('button', { name: new RegExp(name) }).click();
}

// Waits until the image element shows a decoded picture; returns its natural size.
export async function imageShown(person, what = 'an image is drawn') {
  return until(what, () => person.page.evaluate(() => {
    const element = [...document.querySelectorAll('img,canvas,[role=img]')].find((e) => /影像|Image/.test(e.getAttribute('aria-label') ?? e.getAttribute('alt') ?? '') );
    if (!element) return null;
    const image = element.tagName === 'IMG' || element.tagName === 'CANVAS' ? element : element.querySelector('img,canvas') ?? element;
    const width = image.naturalWidth ?? image.width;
    return width > 1 ? { width, height: image.naturalHeight ?? image.height } : null;
  }), 20000);
}

export async function agreeToRecording(person) {
  await button(person.page, '同意录制', 'Agree to recording').click();
  await person.page.getByRole('status').filter({ hasText: /录制中|Recording/ }).first().waitFor({ timeout: 10000 });
}

export async function endSession(person) {
  await button(person.page, '结束会诊', 'End consultation').click();
  await button(person.page, '确认', 'Confirm').click();
}

export async function signOpinion(person) {
  const { page } = person;
  const findings = page.getByRole('textbox', { name: /会诊所见|Findings/ });
  const write = page.getByRole('button', { name: /填写会诊意见|Write the opinion/ }).or(page.getByRole('link', { name: /填写会诊意见|Write the opinion/ }));
  await until('the opinion can be written', async () => (await write.count()) > 0 || (await findings.isVisible()), 20000);
  if (!(await findings.isVisible())) await write.first().click();
  await findings.waitFor({ timeout: 20000 });
  await findings.fill('CT 与 MR 影像清晰可读；心电图见另附。');
  await page.getByRole('textbox', { name: /^(诊断意见|Diagnosis)/ }).fill('不稳定型心绞痛可能');
  await page.getByRole('textbox', { name: /治疗建议|Treatment advice/ }).fill('抗血小板、他汀；复查肌钙蛋白。');
  await page.getByRole('textbox', { name: /转诊建议|Referral advice/ }).fill('建议上转行冠脉造影。');
  await button(page, '签署意见', 'Sign opinion').click();
  await button(page, '确认签署', 'Sign now').click();
}

// From the room that has ended to the case: the console goes there by itself, other ends leave a link.
export async function toCase(person) {
  const { page } = person;
  const link = page.getByRole('button', { name: /查看会诊记录|See the consultation/ }).or(page.getByRole('link', { name: /查看会诊记录|See the consultation/ }));
  const there = () => page.evaluate(() => /^#\/c\/[0-9a-f]{32}$/.test(location.hash));
  await until('the case is shown', async () => (await there()) || (await link.count()) > 0, 20000);
  if (!(await there())) await link.first().click();
}

export async function recordDecision(person) {
  const { page } = person;
  await page.getByRole('radio', { name: /^(采纳|Adopted)$/ }).check({ timeout: 20000 });
  await page.getByRole('textbox', { name: /处理决定|Decision and reasons/ }).fill('按会诊意见上转县医院。');
  await page.getByRole('checkbox', { name: /已告知患者|Patient has been told/ }).check();
  await button(page, '记录决定', 'Record decision').click();
}
