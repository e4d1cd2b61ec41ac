// The structured opinion in the browser, its printed form, and the page that checks one: by role and name, in both languages.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Checks, Gateway, pydicom, reports, root } from './lib/gateway.mjs';
import { account } from './lib/consultation.mjs';

const checks = new Checks();
const gateway = new Gateway();
const folder = mkdtempSync(path.join(os.tmpdir(), 'cg-e2e-report-'));
let browser;

async function person(who, language) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1200, height: 1000 }, locale: language, acceptDownloads: true });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(gateway.origin);
  await page.getByRole('combobox', { name: /语言|Language/ }).selectOption(language);
  await page.getByRole('textbox', { name: /用户名|User name/ }).fill(who.login);
  await page.getByLabel(/密码|Password/).fill(who.password);
  await page.getByRole('button', { name: /登录|Sign in/ }).click();
  await page.getByRole('button', { name: /退出|Sign out/ }).waitFor();
  return { context, page, errors };
}

// What is no matter of this test is done over the interface, in the page and with its session.
const call = (p, method, where, body) => p.page.evaluate(async ([m, w, b]) => {
  const session = await (await fetch('/api/v1/session')).json();
  const r = await fetch(`/api/v1${w}`, { method: m, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf_token }, body: b === undefined ? undefined : JSON.stringify(b) });
  const text = await r.text();
  if (!r.ok) throw new Error(`${m} ${w}: ${r.status} ${text}`);
  return text ? JSON.parse(text) : null;
}, [method, where, body]);

const join = (p, id) => p.page.evaluate(async (consultation) => {
  const session = await (await fetch('/api/v1/session')).json();
  const ws = new WebSocket(`wss://${location.host}/ws`, 'consult.v1');
  await new Promise((done, failed) => {
    ws.onopen = () => ws.send(JSON.stringify({ type: 'hello', client: 'test', csrf: session.csrf_token }));
    ws.onmessage = (e) => {
      const m = JSON.parse(e.data);
      if (m.type === 'welcome') ws.send(JSON.stringify({ type: 'room.join', consultation }));
      if (m.type === 'room.state') done();
      if (m.type === 'error') failed(new Error(e.data));
    };
  });
}, id);

async function awaitingOpinion(clinician, specialist) {
  const made = await call(clinician, 'POST', '/consultations', {
    specialty: 'cardiology', urgency: 'urgent', kind: 'live', patient: { name: '示范患者𠮷', sex: 'female', birth_date: '1961-07-02' },
    request: { complaint: '胸痛两小时', question: '1. 是否需要转诊？\n2. 能否溶栓？' } });
  for (const scope of ['consultation', 'imaging', 'recording']) {
    await call(clinician, 'PUT', `/consultations/${made.id}/consents/${scope}`, { party: 'patient', given: true, relation: 'self', method: 'written', text_version: '1' });
  }
  await clinician.page.goto(`${gateway.origin}/#/c/${made.id}`);
  await clinician.page.getByLabel(/^(选择文件|Choose files)$/).setInputFiles(path.join(pydicom, 'CT_small.dcm'));
  await clinician.page.getByRole('list', { name: /附件|Attachments/ }).getByRole('listitem').first().waitFor();
  await call(specialist, 'PUT', '/duty', { on_duty: true });
  await call(clinician, 'POST', `/consultations/${made.id}/actions/submit`, {});
  await call(specialist, 'POST', `/consultations/${made.id}/actions/accept`, {});
  await join(clinician, made.id);
  await join(specialist, made.id);
  await call(specialist, 'POST', `/consultations/${made.id}/actions/end`, {});
  return made.id;
}

async function writeOpinion({ page }, id) {
  await page.goto(`${gateway.origin}/#/c/${id}`);
  await page.getByRole('textbox', { name: '会诊所见' }).fill('ST 段抬高');
  await page.getByRole('textbox', { name: /^诊断意见/ }).fill('急性心肌梗死');
  await page.getByRole('textbox', { name: /^治疗建议/ }).fill('溶栓');
  await page.getByRole('textbox', { name: '答复：能否溶栓？' }).fill('可以');
  checks.ok(await page.getByRole('textbox', { name: '答复：是否需要转诊？' }).count() === 1, 'each question of the request has a place for its answer');
  const find = page.getByRole('textbox', { name: '查找编码 (编码或名称)' });
  const found = page.getByRole('list', { name: '找到的编码' }).getByRole('button');
  await find.fill('i21');
  await found.first().waitFor();
  checks.ok(await found.count() === 2, 'codes are found by their beginning', (await found.allTextContents()).join(' | '));
  await find.fill('心肌梗死');
  await page.getByRole('button', { name: /I21\.9 急性心肌梗死/ }).click();
  await page.getByRole('combobox', { name: '急性心肌梗死 的确定程度' }).selectOption('confirmed');
  await find.fill('写不进编码表的病');
  await page.getByRole('button', { name: '添加 “写不进编码表的病” (无编码)' }).click();
  await page.getByRole('button', { name: '删除 写不进编码表的病' }).click();
  await page.getByRole('combobox', { name: '添加关键影像' }).selectOption({ index: 1 });
  await page.getByRole('textbox', { name: 'CT_small.dcm 的说明' }).fill('前壁');
  await page.getByRole('checkbox', { name: '危急值，须立即告知邀请方' }).check();
  await page.getByRole('textbox', { name: '危急值内容' }).fill('肌钙蛋白 25 ng/mL');
  await page.screenshot({ path: path.join(reports, 'e2e-report-form.png'), fullPage: true });
  await page.getByRole('button', { name: '签署意见' }).click();
  await page.getByRole('button', { name: '确认签署' }).click();
  await page.getByRole('link', { name: '打印会诊报告' }).waitFor();
  const [opinion] = gateway.sql('SELECT body FROM opinion WHERE status = \'signed\'');
  const body = JSON.parse(opinion.body);
  checks.ok(body.answers[1].answer === '可以' && body.answers[1].question === '能否溶栓？' && body.critical.finding === '肌钙蛋白 25 ng/mL', 'answers and critical value are signed', JSON.stringify(body.answers));
  checks.ok(body.diagnoses.length === 1 && body.diagnoses[0].code === 'I21.9' && body.diagnoses[0].certainty === 'confirmed' && body.key_images[0].note === '前壁', 'coded diagnosis and key image, too', JSON.stringify(body.diagnoses));
}

async function print({ context, page }, id) {
  await page.goto(`${gateway.origin}/#/c/${id}`);
  const link = page.getByRole('link', { name: 'Print report' });
  await link.waitFor();
  for (const words of ['Critical finding', 'Coded diagnoses (ICD-10)', '能否溶栓？', 'Key images']) {
    checks.ok(await page.getByText(words, { exact: true }).first().isVisible(), `the requester sees: ${words}`);
  }
  const answer = await context.request.get(gateway.origin + await link.getAttribute('href'));
  const pdf = await answer.body();
  checks.ok(answer.status() === 200 && answer.headers()['content-type'] === 'application/pdf' && pdf.subarray(0, 5).toString() === '%PDF-', 'the link leads to a PDF', pdf.length);
  return pdf;
}

async function check(pdf) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 900, height: 1000 } });
  const page = await context.newPage(); // nobody is signed in here
  const file = path.join(folder, 'report.pdf');
  const [{ verification_code: code }] = gateway.sql('SELECT verification_code FROM document');
  await page.goto(`${gateway.origin}/#/verify/${code}`); // as the QR code leads
  await page.getByText('该验证码对应的报告有效').waitFor();
  checks.ok(await page.getByText('示**').isVisible() && !(await page.content()).includes('示范患者'), 'by the code: valid, and the name is masked');
  await page.getByRole('combobox', { name: /语言|Language/ }).selectOption('en');
  await page.getByText('There is a valid report with this code').waitFor();
  await page.getByRole('textbox', { name: 'Verification code' }).fill('00000-00000-00000-00000');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByRole('alert').filter({ hasText: 'There is no report with this code' }).waitFor();
  checks.ok(true, 'an invented code leads to none');
  writeFileSync(file, pdf);
  await page.getByLabel('Choose the PDF file').setInputFiles(file);
  await page.getByRole('status').filter({ hasText: 'The report is valid and unchanged.' }).waitFor();
  checks.ok(await page.getByRole('region', { name: 'What was checked' }).getByRole('listitem').count() >= 10, 'by the file: valid, layer by layer');
  const changed = Buffer.from(pdf);
  changed[changed.indexOf('"treatment":"') + 15] ^= 1;
  writeFileSync(file, changed);
  await page.getByLabel('Choose the PDF file').setInputFiles(file);
  await page.getByRole('alert').filter({ hasText: 'does NOT hold' }).waitFor();
  checks.ok(await page.getByText('member /opinion/body/treatment').first().isVisible(), 'one changed bit: not valid, and the member is named');
  await page.screenshot({ path: path.join(reports, 'e2e-report-verify.png'), fullPage: true });
  await context.close();
}

try {
  await gateway.prepare();
  execFileSync(path.join(gateway.build, 'consultctl'), ['import-codes', path.join(root, 'deploy/demo/demonstration-codes.csv'), '--data', gateway.data], { stdio: 'pipe' });
  await gateway.start();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const clinician = await person(account(gateway.demo, (p, a) => a.roles.includes('clinician')), 'en');
  const specialist = await person(account(gateway.demo, (p, a) => a.roles.includes('specialist') && p.specialties.includes('cardiology')), 'zh-CN');
  const id = await awaitingOpinion(clinician, specialist);
  await writeOpinion(specialist, id);
  const pdf = await print(clinician, id);
  await check(pdf);
  checks.ok(clinician.errors.length + specialist.errors.length === 0, 'no error in the pages', [...clinician.errors, ...specialist.errors].join('; '));
  checks.ok(!readFileSync(gateway.logFile, 'utf8').includes('示范患者'), 'no patient in the log');
} catch (error) {
  checks.ok(false, 'the whole way', error.stack);
} finally {
  await browser?.close();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
}
checks.end();
