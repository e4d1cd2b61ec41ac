// The manager of a partnership in a real browser: the list, what-if, the three switches, a member that leaves, a new version of the
// agreement with a clause, a second editor. Each change is seen in what-if, which asks the real rules. Every page in both languages,
// on an old PC's screen and on a telephone: nothing too wide, no serious finding of axe-core. Pictures: build/reports/partnership-*.png.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { axe } from './lib/axe.mjs';
import { Checks, Gateway, pydicom, until } from './lib/gateway.mjs';
import { act, enter, request } from './lib/roles.mjs';
import { Browser } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const seen = { pages: 0, findings: [], wide: [], language: [] };
let manager, second, page;

const button = (zh, en, on = page) => on.getByRole('button', { name: new RegExp(`^(${zh}|${en})$`) });
const region = (zh) => page.getByRole('region', { name: new RegExp(`^${zh}`) });
const box = (name, on = page) => on.getByRole('textbox', { name });
const state = () => gateway.sql("SELECT version, record_scope, money FROM partnership WHERE code='DEMO-URBAN'")[0];

async function look(name, tab = manager, { page } = tab) {
  for (const language of ['en', 'zh-CN']) {
    await tab.language(language);
    await page.waitForTimeout(120);
    await tab.shot(`partnership-${name}-${language}`, true);
    seen.pages++;
    for (const line of await axe(page)) seen.findings.push(`${name} ${language}: ${line}`);
    const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (await over() > 0) seen.wide.push(`${name} ${language}`);
    if (language === 'en') {
      const chinese = await page.evaluate(() => [...document.querySelectorAll('dt, th[scope=col], label, legend, h1, h2, h3, button')].map((e) => e.textContent.trim()).filter((t) => /[一-鿿]/.test(t)));
      for (const text of chinese) seen.language.push(`${name}: ${text}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(60);
    if (await over() > 0) seen.wide.push(`${name} ${language} phone: ${await over()} px`);
    if (language === 'zh-CN') await tab.shot(`partnership-${name}-phone`, true);
    await page.setViewportSize({ width: 1366, height: 768 });
  }
}

// Rows of what-if: [whom, outcome, reason].
async function whatIf(choices = {}) {
  const card = region('规则试算');
  for (const [name, value] of Object.entries(choices)) await card.getByRole('combobox', { name }).selectOption(value);
  await button('试算', 'Check').click();
  await card.getByRole('table').waitFor();
  await page.waitForTimeout(300);
  return card.getByRole('row').evaluateAll((rows) => rows.slice(1).map((r) => [...r.children].slice(0, 3).map((c) => c.textContent.trim())));
}

async function listAndWhatIf() {
  manager = await browser.tab('manager');
  ({ page } = manager);
  await manager.signIn('demo.manager', 'demo-consult');
  await page.getByRole('link', { name: /^(医联体|Partnerships)$/ }).click();
  await page.getByRole('table', { name: '医联体' }).waitFor();
  const links = await page.getByRole('link', { name: /^管理 / }).allTextContents();
  checks.ok(links.length === 1, 'of the partnerships that are listed the own institution manages one', links.length);
  await look('01-list');
  await page.getByRole('link', { name: /^管理 示范市城市医疗集团/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '规则试算' }).waitFor();
  const rows = await whatIf({ 会诊专科: 'cardiology' });
  checks.ok(rows.length === 1 && rows[0][1] === '可以' && /示范市第一医院/.test(rows[0][0]), 'the community centre may ask the city hospital', rows[0]);
  checks.ok(/执业满三年的专科医师 2 名/.test(await region('规则试算').innerText()), 'and two of its cardiologists have the three years');
  const report = await whatIf({ 事项: 'report', 会诊专科: 'radiology' });
  checks.ok(report[0][1] === '可以' && /协议第3.1条/.test(report[0][2]), 'a report rests on a clause, which is named', report[0][2]);
  await look('02-partnership');
}

// Two reads that are signed, one of them amended, one that is sent back and one that is declined; then the statement and its file.
async function activity() {
  const asks = await enter(browser, 'demo.clinician4'), reads = await enter(browser, 'demo.specialist1');
  const file = readFileSync(path.join(pydicom, 'CT_small.dcm'));
  await reads.api('PUT', '/duty', { on_duty: true });
  for (const end of ['sign', 'amend', 'return', 'decline']) {
    const { id } = await request(asks, { kind: 'read', modality: 'imaging', complaint: '胸痛', file });
    const write = () => reads.api('PUT', `/consultations/${id}/opinion`, { body: { findings: '未见异常', diagnosis: '未见异常' } });
    if (end !== 'decline') await act(reads, id, 'accept');
    if (end === 'sign' || end === 'amend') {
      await write();
      await act(reads, id, 'sign');
    }
    if (end === 'amend') {
      await act(reads, id, 'amend', { reason_code: 'other', reason_text: '补充' });
      await write();
      await act(reads, id, 'sign');
    }
    if (end === 'return' || end === 'decline') await act(reads, id, end, { reason_code: 'other', reason_text: '请补充' });
  }
  await asks.close();
  await reads.close();
  const nav = page.getByRole('navigation', { name: '医联体页面' });
  await nav.getByRole('link', { name: '工作量' }).click();
  const services = page.getByRole('table', { name: '会诊服务' });
  await services.waitFor();
  const cells = () => services.getByRole('row').nth(1).getByRole('cell').allTextContents();
  const got = await cells();
  checks.ok(got[0] === '第 2 版' && /社区卫生服务中心/.test(got[1]) && /示范市第一医院/.test(got[2]) && got.slice(3, 12).join() === '远程阅片与报告,平诊,2,0,3,3,1,1,0'.replace('平诊', got[4]),
    'of the pair two were signed, three accepted in time, one sent back, one declined; the amended one counts once', got.join(' | '));
  checks.ok(/成员之间不因会诊产生费用/.test(await page.locator('main').innerText()) && await page.getByRole('table', { name: '结算依据' }).count() === 0, 'pooled: no charge follows, and there is nothing to settle by');
  await look('02-activity');
  const [downloaded] = await Promise.all([page.waitForEvent('download'), button('下载 CSV', 'Download CSV').click()]);
  const octets = readFileSync(await downloaded.path()), text = octets.toString('utf8');
  checks.ok(octets.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) && /^activity-[\d-]+\.csv$/.test(downloaded.suggestedFilename()), 'the file has the mark of UTF-8 that Excel wants', downloaded.suggestedFilename());
  const line = text.split('\r\n').find((l) => /^2,/.test(l));
  checks.ok(line?.split(',').slice(5, 12).join() === '2,0,3,3,1,1,0' && !/示范患者|胸痛/.test(text), 'and the same figures, no patient', line);
  await box(/^起 /).fill('2020-01-01');
  await button('查看', 'Show').click();
  await page.getByText('止期不得早于起期，期间至多一年。').waitFor();
  checks.ok(await box(/^止 /).getAttribute('aria-invalid') === 'true', 'a period of more than a year is refused at its field');
  await box(/^止 /).fill('2020.12.31');
  await button('查看', 'Show').click();
  await page.getByText('这段时间没有会诊。').waitFor();
  checks.ok(await box(/^止 /).inputValue() === '2020-12-31', 'control: a period without consultations says so');
  await nav.getByRole('link', { name: '规则与成员' }).click();
  await page.getByRole('heading', { name: '规则试算' }).waitFor();
}

// The last change was to settle per service: the statement says so, and what by.
async function perService() {
  await page.getByRole('navigation', { name: '医联体页面' }).getByRole('link', { name: '工作量' }).click();
  const table = page.getByRole('table', { name: '结算依据' });
  await table.waitFor();
  const cells = await table.getByRole('row').nth(1).getByRole('cell').allTextContents();
  checks.ok(cells[0] === '第 2 版' && cells[4] === '2' && /成员之间结算的依据/.test(await page.locator('main').innerText()), 'per service: two signed services between the two, under their version', cells.join(' | '));
  checks.ok(/改为：按次结算/.test(await page.locator('main').innerText()), 'and that the switch was moved within the period');
  await look('06-per-service');
}

// A patient of the east township goes to the west one: where the partnership keeps one record the earlier opinion is there, where it is
// released for each consultation the clause says why it is not.
async function record() {
  const patient = { name: '示范患者壬', sex: 'female', birth_date: '1957-08-09', id_type: 'other', id_number: 'DEMO-0042' };
  const [east, west, county, city] = [await enter(browser, 'demo.clinician1'), await enter(browser, 'demo.clinician2'), await enter(browser, 'demo.specialist4'), await enter(browser, 'demo.specialist1')];
  const file = readFileSync(path.join(pydicom, 'CT_small.dcm'));
  for (const tab of [county, city]) await tab.api('PUT', '/duty', { on_duty: true });
  const past = await request(east, { kind: 'read', modality: 'imaging', specialty: 'respiratory', urgency: 'urgent', complaint: '咳嗽两周', question: '肺部结节性质？', file, patient });
  await act(county, past.id, 'accept');
  await county.api('PUT', `/consultations/${past.id}/opinion`, { body: { findings: '右上肺 8 mm 磨玻璃结节。', diagnosis: '右上肺磨玻璃结节，建议随访', treatment: '3 个月后复查' } });
  await act(county, past.id, 'sign');
  const card = (tab) => tab.page.getByRole('region', { name: /^(本患者既往会诊|Earlier consultations of this patient)$/ });
  const open = async (tab, id) => {
    await tab.place(`#/c/${id}`);
    await card(tab).waitFor();
    return card(tab).innerText();
  };
  const near = await request(west, { kind: 'read', modality: 'imaging', specialty: 'respiratory', urgency: 'urgent', complaint: '咯血', question: '与以前的结节有关？', file, patient });
  await act(county, near.id, 'accept');
  let text = await open(west, near.id);
  checks.ok(/右上肺磨玻璃结节，建议随访/.test(text) && /肺部结节性质？/.test(text) && /CT/.test(text) && /东镇/.test(text) && /实行连续病历/.test(text), 'one record: the other township sees question, diagnosis and files of the earlier one', text.slice(0, 120).replace(/\n/g, ' | '));
  await card(west).getByText('查阅意见').click();
  await card(west).getByText('右上肺 8 mm 磨玻璃结节。').waitFor();
  checks.ok(/签名校验通过|3 个月后复查/.test(await card(west).innerText()) && await card(west).getByRole('link', { name: '打开该会诊' }).count() === 0, 'and reads the signed opinion, not the whole consultation');
  await look('07-earlier', west);
  await west.place(`#/c/${past.id}`);
  await west.page.getByText('没有该会诊，或您无权查看。').waitFor();
  const far = await request(west, { kind: 'read', modality: 'imaging', specialty: 'cardiology', urgency: 'urgent', complaint: '胸闷', question: 'ECG?', file, patient });
  await act(city, far.id, 'accept');
  text = await open(city, far.id);
  checks.ok(!/结节/.test(text) && /只能查看为本次会诊提供的资料/.test(text), 'released: the city hospital is told why it sees nothing of others', text.replace(/\n/g, ' | '));
  await look('08-released', city);
  text = await open(county, near.id);
  checks.ok(/打开该会诊/.test(text), 'control: who gave that opinion may open the whole');
  for (const tab of [east, west, county, city]) await tab.close();
}

async function switches() {
  await button('修改：名称与规则', 'x').click();
  await page.getByRole('radiogroup', { name: '病历范围' }).getByRole('radio', { name: '按次授权' }).check();
  await look('03-rules');
  await button('保存', 'Save').click();
  await page.getByText('已保存，立即生效。').waitFor();
  checks.ok(state().record_scope === 'released', 'the switch is stored', JSON.stringify(state()));
  const rows = await whatIf({ 事项: 'see' });
  checks.ok(rows[0][1] === '不可以' && /按次授权/.test(rows[0][2]), 'and acts: nobody sees the record of another', rows[0][2]);
}

async function agreement() {
  await button('新增一版协议', 'x').click();
  const form = page.getByRole('form', { name: '新增一版协议' });
  await box(/^截止日期/, form).fill('2020-01-01');
  await button('增加条款', 'x').click();
  const clause = form.getByRole('group', { name: /^第 5.2 条/ });
  await clause.getByRole('combobox', { name: '事项' }).selectOption('consult');
  await clause.getByRole('combobox', { name: /^约束对象/ }).selectOption('DEMO-CITY-1');
  await clause.getByRole('checkbox', { name: '远程阅片与报告' }).check();
  await box('条款内容', clause).fill('市一院只承担阅片会诊（演示）');
  await button('保存为第 3 版', 'x').click();
  await form.getByText('止期不得早于起期。').first().waitFor();
  checks.ok(await box(/^截止日期/, form).getAttribute('aria-invalid') === 'true' && await box('条款内容', clause).inputValue() !== '', 'a wrong date is shown at its field, what was typed stays');
  await form.getByRole('combobox', { name: '另定一项时限' }).selectOption('offer-deadline');
  await form.getByRole('combobox', { name: '另定一项时限' }).selectOption('accept-due');
  const urgent = box('无人接诊即升级，紧急', form);
  await urgent.fill('二十');
  await box('转诊：未答复提醒，常规', form).fill('720');
  await look('04-agreement');
  await box(/^截止日期/, form).fill('2036-12-31');
  await button('保存为第 3 版', 'x').click();
  await until('the wait is refused', async () => await urgent.getAttribute('aria-invalid') === 'true', 5000);
  checks.ok(true, 'a wait that is no number is refused at its field');
  await urgent.fill('20');
  await button('保存为第 3 版', 'x').click();
  await page.getByText('已保存，立即生效。').waitFor();
  const agreed = page.locator('details[open]').filter({ hasText: '第 3 版' });
  checks.ok(/无人接诊即升级\s*紧急 20 分/.test(await agreed.innerText()) && /未答复提醒\s*常规 12 小时\s/.test(await agreed.innerText()), 'the waits agreed on stand there in words', (await agreed.innerText()).replaceAll('\n', ' ').slice(0, 300));
  let rows = await whatIf({ 事项: 'consult', 会诊专科: 'cardiology', 会诊方式: 'live' });
  checks.ok(rows[0][1] === '不可以' && /（协议第5.2条）/.test(rows[0][2]), 'the new clause refuses a live consultation and is named', rows[0][2]);
  rows = await whatIf({ 会诊方式: 'read' });
  checks.ok(rows[0][1] === '可以', 'control: a read is allowed', rows[0][2]);
}

async function members() {
  await button('增加成员', 'x').click();
  await box(/^查找机构/).fill('东镇卫生院');
  await until('the search has answered', async () => (await page.locator('dialog').getByRole('combobox', { name: '机构' }).locator('option').count()) === 1);
  await manager.shot('partnership-05-member-dialog');
  for (const line of await axe(page)) seen.findings.push(`member dialog: ${line}`);
  await button('保存', 'Save', page.locator('dialog')).click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await button('修改成员 示范市社区卫生服务中心（演示）', 'x').click();
  await box(/^最后一日/, page.locator('dialog')).fill('20260101');
  await button('保存', 'Save', page.locator('dialog')).click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  const rows = gateway.sql("SELECT o.code, m.until FROM partnership_member m JOIN organisation o ON o.id = m.organisation_id JOIN partnership p ON p.id = m.partnership_id WHERE p.code='DEMO-URBAN' ORDER BY o.code");
  checks.ok(JSON.stringify(rows) === JSON.stringify([{ code: 'DEMO-CITY-1', until: null }, { code: 'DEMO-COMMUNITY', until: '2026-01-01' }, { code: 'DEMO-TOWN-1', until: null }]), 'one member more, one that has left', JSON.stringify(rows));
  const outcome = await whatIf({ 会诊方式: 'read' });
  checks.ok(outcome.some(([, , why]) => /成员资格/.test(why)) && outcome.every(([, may]) => may === '不可以'), 'the former partner may ask nobody any more', outcome[0][2]);
}

async function twoEditors() {
  second = await browser.tab('second');
  await second.signIn('demo.manager', 'demo-consult');
  await second.place(await page.evaluate(() => location.hash));
  await button('修改：名称与规则', 'x', second.page).click();
  await button('修改：名称与规则', 'x').click();
  await page.getByRole('radiogroup', { name: '费用' }).getByRole('radio', { name: '按次结算' }).check();
  await button('保存', 'Save').click();
  await page.getByText('已保存，立即生效。').waitFor();
  await box('英文名称', second.page).fill('Demo City Medical Group II');
  await button('保存', 'Save', second.page).click();
  await second.page.getByText(/他人刚刚更改了这个医联体/).waitFor();
  const name = () => gateway.sql("SELECT name_en FROM partnership WHERE code='DEMO-URBAN'")[0].name_en;
  checks.ok(name() === 'Demo City Medical Group' && await box('英文名称', second.page).inputValue() === 'Demo City Medical Group II', 'the second editor is told, nothing is overwritten, what was typed stays');
  await button('保存', 'Save', second.page).click();
  await second.page.getByText('已保存，立即生效。').waitFor();
  checks.ok(name() === 'Demo City Medical Group II' && state().money === 'per-service', 'saved again it goes through, and the first one’s change is still there', JSON.stringify(state()));
}

try {
  await gateway.prepare();
  await gateway.start();
  await browser.open(gateway.origin);
  await listAndWhatIf();
  await activity();
  await record();
  await switches();
  await agreement();
  await members();
  await twoEditors();
  await perService();
  checks.ok(seen.pages === 16 && seen.findings.length === 0, `${seen.pages} pages: no serious finding of axe-core`, seen.findings.slice(0, 5).join('; '));
  checks.ok(seen.wide.length === 0, 'nothing is wider than the screen', seen.wide.join('; '));
  checks.ok(seen.language.length === 0, 'no Chinese label in English', seen.language.slice(0, 5).join('; '));
  const errors = [...manager.console, ...second.console].filter((line) => /^pageerror/.test(line));
  checks.ok(errors.length === 0, 'no error in the console of the browser', errors.join('; '));
} catch (error) {
  checks.ok(false, 'the story goes to its end', error.stack);
  await manager?.shot('partnership-failed').catch(() => undefined);
} finally {
  await browser.close();
  await gateway.stop();
}
checks.end();
