// Referrals as people do them: a draft on the sender's page, sent; the receiving department's page changes by itself, accepts with a place, confirms
// the arrival, answers; the sender reads the return message; the patient's way is a picture and a list. Both languages, an old PC's screen and a
// telephone: nothing wider than the screen, no raw codes, no serious or critical finding of axe-core; the keyboard alone sends a draft.
import { axe } from './lib/axe.mjs';
import { Checks, Gateway, until } from './lib/gateway.mjs';
import { Browser } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const seen = { findings: [], wide: [], codes: [], language: [] };
const DESK = { width: 1366, height: 768 };
const PHONE = { width: 390, height: 844 };
let clinician, receiver;

const either = (zh, en) => new RegExp(`^(${zh}|${en})$`);
const button = (tab, zh, en) => tab.page.getByRole('button', { name: either(zh, en) }).first();
const select = (tab, zh, en) => tab.page.getByRole('combobox', { name: either(zh, en) }).first();
const field = (tab, zh, en) => tab.page.getByRole('textbox', { name: either(zh, en) }).first();
const state = (tab, zh, en) => tab.page.getByRole('status').filter({ hasText: new RegExp(`${zh}|${en}`) }).first().waitFor({ timeout: 8000 });

async function look(tab, name) {
  const { page } = tab;
  for (const language of ['en', 'zh-CN']) {
    await tab.language(language);
    await page.waitForTimeout(200);
    await tab.shot(`referral-${name}-${language === 'en' ? 'en' : 'zh'}`, true);
    for (const line of await axe(page)) seen.findings.push(`${name} ${language}: ${line}`);
    const codes = await page.evaluate(() => [...new Set((document.body.innerText.match(/\b[a-z]{3,}(?:[.-][a-z]{2,})+\b/g) ?? []))].filter((w) => !/follow-up|out-patient/.test(w)));
    for (const code of codes) seen.codes.push(`${name} ${language}: ${code}`);
    const chinese = language === 'en' ? await page.evaluate(() => [...document.querySelectorAll('dt, th, label, legend, h1, h2, h3, button, summary')].map((e) => e.textContent.trim()).filter((w) => /[\u4e00-\u9fff]/.test(w))) : [];
    for (const text of chinese) seen.language.push(`${name}: ${text}`);
    for (const size of [PHONE, DESK]) {
      await page.setViewportSize(size);
      await page.waitForTimeout(60);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) seen.wide.push(`${name} ${language} ${size.width}: ${over} px`);
      if (size === PHONE && language === 'en') await tab.shot(`referral-${name}-phone`, true);
    }
  }
}

// Counts the tones that a page begins.
const ears = () => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) { window.tones++; return start.apply(this, when); };
};

async function signedIn(login) {
  const tab = await browser.tab(login, { init: ears });
  const person = gateway.demo.practitioners.find((p) => p.account?.login === login);
  await tab.signIn(login, person.account.password);
  return tab;
}

async function written() {
  clinician = await signedIn('demo.clinician1');
  receiver = await signedIn('demo.referrals');
  await receiver.page.getByText(/目前没有需要接收的转诊|Nothing waits to be received/).waitFor();
  checks.ok(true, 'the receiving department begins with its worklist, which says what to do');
  await look(receiver, 'empty');
  await clinician.place('/referrals');
  await button(clinician, '新建转诊', 'New referral').click();
  await button(clinician, '发送转诊', 'Send referral').waitFor();
  await field(clinician, '姓名', 'Name').fill('示范患者己');
  await select(clinician, '性别', 'Sex').selectOption('female');
  await field(clinician, '出生日期', 'Date of birth').fill('19580312');
  await field(clinician, '诊断', 'Diagnosis').fill('急性心肌梗死');
  await field(clinician, '病情摘要', 'Summary').fill('胸痛三小时，心电图 V1-V4 ST 段抬高。');
  await clinician.page.getByRole('radio', { name: /^(紧急|Urgent)$/ }).check();
  await until('the targets are there', async () => (await select(clinician, '接收机构', 'Receiving institution').locator('option').count()) > 2);
  const city = await select(clinician, '接收机构', 'Receiving institution').locator('option', { hasText: /示范市第一医院/ }).first().getAttribute('value');
  await select(clinician, '接收机构', 'Receiving institution').selectOption(city);
  await select(clinician, '接收科室', 'Receiving department').selectOption('cardiology');
  await until('the places are there', async () => (await select(clinician, '预留床位/号源', 'Reserved place').locator('option').count()) === 4);
  await select(clinician, '预留床位/号源', 'Reserved place').selectOption({ index: 1 });
  await select(clinician, '转诊原因', 'Reason for the referral').selectOption('severe');
  await button(clinician, '添加一项', 'Add an item').click();
  await field(clinician, '名称', 'Name').fill('肌钙蛋白');
  await field(clinician, '结果', 'Result').fill('3.2 ng/mL');
  await button(clinician, '发送转诊', 'Send referral').click();
  await clinician.page.getByText(/须先取得患者对转诊|The patient must agree to the referral/).first().waitFor();
  checks.ok(gateway.sql("SELECT state FROM referral")[0].state === 'draft', 'without the consent nothing is sent, and the page says why');
  await look(clinician, 'draft');
}

async function keyboardAlone() {
  const { page } = clinician;
  await page.getByRole('checkbox', { name: /^(患者同意转诊|The patient agrees to the referral)$/ }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  const end = Date.now() + 5000;
  while (Date.now() < end && !/发送转诊|Send referral/.test(await page.evaluate(() => document.activeElement?.textContent ?? ''))) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await state(clinician, '等待接收', 'Waiting for an answer');
  checks.ok(true, 'by the keyboard alone: consents, then sent');
}

async function received() {
  const row = receiver.page.getByRole('link', { name: /打开 R-|Open R-/ }).first();
  await row.waitFor({ timeout: 5000 });
  const tones = await until('a tone', () => receiver.page.evaluate(() => window.tones), 3000).catch(() => 0);
  checks.ok(tones >= 2 && await clinician.page.evaluate(() => window.tones) === 0, 'it appears on the department\'s page by itself, with a sign to be heard', `${tones} tones`);
  await look(receiver, 'worklist');
  await row.click();
  await button(receiver, '接收', 'Accept').waitFor();
  await look(receiver, 'offered');
  await button(receiver, '接收', 'Accept').click();
  await receiver.page.locator('dialog[open]').waitFor();
  for (const line of await axe(receiver.page)) seen.findings.push(`accept: ${line}`);
  await receiver.shot('referral-accept');
  const dialog = receiver.page.locator('dialog[open]');
  await until('the held place is chosen', async () => (await dialog.getByRole('combobox', { name: /床位\/号源|Place/ }).inputValue()) !== '');
  await dialog.getByRole('button', { name: either('接收', 'Accept') }).click();
  await state(receiver, '已接收', 'Accepted');
  await state(clinician, '已接收', 'Accepted');
  checks.ok(gateway.sql("SELECT state FROM place WHERE referral_id IS NOT NULL")[0].state === 'taken', 'accepted with the place; the sender\'s page changes by itself');
  await button(receiver, '确认患者已到院', 'Confirm the arrival').click();
  await state(receiver, '患者已到院', 'Patient has arrived');
  await field(receiver, '诊断', 'Diagnosis').fill('急性前壁心肌梗死，PCI 术后');
  await button(receiver, '发送反馈', 'Send return message').click();
  await receiver.page.getByText(/缺少必填项|A required field is missing/).first().waitFor();
  await field(receiver, '给基层医生的建议', 'Advice to the sender').fill('双联抗血小板 12 个月');
  await look(receiver, 'arrived');
  await button(receiver, '发送反馈', 'Send return message').click();
  await state(receiver, '已反馈', 'Return message given');
}

async function answered() {
  await button(clinician, '确认已阅反馈', 'Acknowledge the return message').click();
  await until('it is acknowledged', () => gateway.sql('SELECT acknowledged_ms AS ms FROM referral')[0].ms > 0);
  const picture = clinician.page.getByRole('img', { name: /患者路径图|Picture of the way/ });
  const lanes = await picture.locator('.way-level').count();
  await clinician.page.getByText(/以列表查看|As a list/).click();
  let list = 0, dots = 0;
  await until('picture and list are drawn', async () => (list = await clinician.page.locator('.way-list li').count()) === (dots = await picture.locator('circle').count()) && dots >= 5, 5000).catch(() => {});
  checks.ok(lanes === 2 && dots === list && dots >= 5, 'the way is a picture with two levels, and the same as a list', `${lanes} levels, ${dots} steps`);
  await look(clinician, 'returned');
  await button(receiver, '转回（下转）', 'Refer back \\(Down\\)').click();
  await button(receiver, '发送转诊', 'Send referral').waitFor();
  checks.ok((await field(receiver, '诊断', 'Diagnosis').inputValue()).includes('PCI'), 'the way back begins with what is known');
  await look(receiver, 'back');
  await receiver.place('/places');
  await receiver.page.getByRole('table').waitFor();
  await look(receiver, 'places');
  const before = await receiver.page.getByRole('row').count();
  await field(receiver, '名称（床号、时段）', 'Name \\(bed, hour\\)').fill('心内 30 床');
  await button(receiver, '添加', 'Add').click();
  await until('the place is listed', async () => (await receiver.page.getByRole('row').count()) === before + 1);
  await button(receiver, '删除 心内 30 床', 'Remove 心内 30 床').click();
  await until('and removed', async () => (await receiver.page.getByRole('row').count()) === before);
  checks.ok(true, 'places are added and removed');
}

function verdict() {
  checks.ok(seen.findings.length === 0, 'axe-core: no serious or critical finding', [...new Set(seen.findings)].join('\n  '));
  checks.ok(seen.wide.length === 0, 'nothing is wider than the screen', seen.wide.join('; '));
  checks.ok(seen.codes.length === 0, 'no raw codes in place of words', [...new Set(seen.codes)].join('; '));
  checks.ok(seen.language.length === 0, 'no label keeps its Chinese words after a switch to English', [...new Set(seen.language)].join('; '));
}

try {
  await gateway.prepare();
  await gateway.start();
  await browser.open(gateway.origin, { devices: 1 });
  for (const step of [written, keyboardAlone, received, answered, verdict]) {
    const started = Date.now();
    await step();
    console.log(`-- ${step.name}: ${Date.now() - started} ms`);
  }
  const errors = [clinician, receiver].flatMap((t) => t.console.filter((l) => l.startsWith('pageerror')));
  checks.ok(errors.length === 0, 'no script error on any page', errors.join('; '));
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const tab of [clinician, receiver]) {
    await tab?.shot(`referral-failed-${tab.name}`).catch(() => {});
    console.log(`${tab?.name}'s console:\n  ${tab?.console.slice(-15).join('\n  ')}`);
  }
} finally {
  await browser.close();
  await gateway.stop();
  checks.end();
}
