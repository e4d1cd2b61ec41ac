// Duty in the browser: the coordinator plans by keyboard, who is planned and not there is reminded and shown as absent, a break keeps
// the ring silent and its end brings it back, duty goes from one colleague to another, and the clinician sees all of it in one line.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { axe } from './lib/axe.mjs';
import { Checks, Gateway, until } from './lib/gateway.mjs';
import { Browser, submitted } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const staff = (code, zh, en, role, title) => ({
  code: `DEMO-E-${code}`, organisation: 'DEMO-CITY-1', name_zh: zh, name_en: en, title, licence_no: `DEMO-LIC-E-${code}`, licensed_since: '2010-01-01',
  specialties: ['cardiology'], account: { login: `demo.e.${code}`, roles: [role], password: 'demo-consult' },
});
const either = (zh, en) => new RegExp(`^(${zh}|${en})$`);
const button = (tab, zh, en) => tab.page.getByRole('button', { name: either(zh, en) });
const text = (tab, zh, en) => tab.page.getByText(new RegExp(`${zh}|${en}`)).first();
const two = (n) => String(n).padStart(2, '0');
const hhmm = (ms) => `${two(new Date(ms).getHours())}:${two(new Date(ms).getMinutes())}`;
const findings = [];
const wide = [];
let clinician, one, other, coordinator;

async function look(tab, name) {
  for (const language of ['zh-CN', 'en']) {
    await tab.language(language);
    await tab.page.waitForTimeout(150);
    await tab.shot(`duty-${name}-${language}`);
    for (const line of await axe(tab.page)) findings.push(`${name} ${language}: ${line}`);
    await tab.page.setViewportSize({ width: 390, height: 844 });
    await tab.page.waitForTimeout(60);
    const over = await tab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) wide.push(`${name} ${language}: ${over} px`);
    await tab.page.setViewportSize({ width: 1366, height: 768 });
  }
  await tab.language('zh-CN');
}

async function people() {
  const file = path.join(gateway.data, 'staff.json');
  writeFileSync(file, JSON.stringify({ format: 'consult-gateway-import-1', demonstration: true, practitioners: [
    staff('one', '示范医生甲', 'Demo One', 'specialist', 'chief'), staff('other', '示范医生乙', 'Demo Other', 'specialist', 'attending'),
    staff('coordinator', '示范协调员丙', 'Demo Planner', 'coordinator', 'staff')] }));
  execFileSync(path.join(gateway.build, 'consultctl'), ['import', file, '--data', gateway.data], { stdio: 'pipe' });
  await gateway.start();
  await browser.open(gateway.origin);
  const come = async (name, login) => {
    const tab = await browser.tab(name);
    await tab.signIn(login, 'demo-consult');
    return tab;
  };
  clinician = await come('clinician', 'demo.clinician1');
  one = await come('one', 'demo.e.one');
  other = await come('other', 'demo.e.other');
  coordinator = await come('coordinator', 'demo.e.coordinator');
}

// A shift by keyboard alone: from field to field with Tab, Enter sends.
async function planning() {
  const { page } = coordinator;
  await coordinator.place('#/roster');
  await page.getByRole('combobox', { name: either('人员', 'Person') }).focus();
  await page.getByRole('combobox', { name: either('人员', 'Person') }).selectOption({ label: '示范医生甲' });
  const begin = new Date(Math.ceil((Date.now() + 2000) / 60000) * 60000 - 60000); // the minute that runs
  const until_ = begin.getTime() + 3 * 3600000;
  for (let i = 0; i < 4; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Control+a');
  await page.keyboard.type(`${begin.getFullYear()}${two(begin.getMonth() + 1)}${two(begin.getDate())}`);
  for (const time of [begin.getTime(), until_]) {
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+a');
    await page.keyboard.type(hhmm(time).replace(':', ''));
  }
  await page.keyboard.press('Enter');
  await text(coordinator, '已添加', 'Added').waitFor();
  const rows = gateway.sql('SELECT kind, until_ms - from_ms AS length FROM duty_shift');
  checks.ok(rows.length === 1 && rows[0].kind === 'duty' && rows[0].length === 3 * 3600000, 'a shift is added by keyboard alone', JSON.stringify(rows));
  await button(coordinator, '添加班次', 'Add shift').click();
  await page.getByRole('alert').waitFor();
  checks.ok(gateway.sql('SELECT id FROM duty_shift').length === 1, 'the same once more is refused, in words', await page.getByRole('alert').innerText());
  await until('the absent one is shown', async () => (await page.getByText(/应在岗未到/).count()) > 0);
  await look(coordinator, 'roster');
  await text(one, '尚未值班', 'not on duty').waitFor();
  checks.ok(await button(one, '开始值班', 'Go on duty').isVisible(), 'who is planned and not there is reminded');
  checks.ok(await other.page.getByText(/尚未值班/).count() === 0, 'who is not planned is not');
  await button(one, '开始值班', 'Go on duty').click();
  await one.page.getByText(/尚未值班/).waitFor({ state: 'detached' });
  await until('the coordinator sees it', async () => (await page.getByText(/应在岗未到/).count()) === 0);
  checks.ok(true, 'coming ends the reminder, and the roster of the coordinator follows');
}

async function pausing() {
  await button(one, '暂停 / 交班', 'Pause or hand over').click();
  await one.page.locator('dialog[open]').waitFor();
  await one.shot('duty-dialog');
  for (const line of await axe(one.page)) findings.push(`dialog: ${line}`);
  await one.page.getByRole('radio', { name: either('休息', 'Break') }).check();
  await one.page.getByRole('combobox', { name: either('时长', 'Length') }).selectOption('15');
  await button(one, '开始暂停', 'Begin the pause').click();
  await text(one, '休息至', 'Break until').waitFor();
  const row = gateway.sql("SELECT pause, pause_until_ms FROM duty WHERE pause IS NOT NULL");
  checks.ok(row.length === 1 && row[0].pause === 'break', 'a break of a quarter of an hour', JSON.stringify(row));
  await clinician.place('#/new');
  await clinician.page.getByRole('combobox', { name: /会诊专科|Specialty/ }).selectOption('cardiology');
  await text(clinician, '其中 1 位暂停', '1 of them paused').waitFor();
  await look(clinician, 'presence');
  await look(one, 'paused');
  await submitted(clinician, { complaint: '胸闷' });
  await button(one, '恢复接诊', 'Resume').click();
  await one.page.getByRole('alertdialog').waitFor();
  checks.ok(await one.page.getByRole('alertdialog').isVisible(), 'what came meanwhile rings when the break is over');
  await button(one, '静音铃声', 'Silence ring').click();
}

async function handing() {
  await button(one, '暂停 / 交班', 'Pause or hand over').click();
  await text(one, '目前没有可接班', 'No colleague').waitFor();
  await one.page.keyboard.press('Escape');
  await other.page.getByRole('switch', { name: either('值班', 'On duty') }).click();
  await until('both are on duty', () => gateway.sql('SELECT 1 AS x FROM duty WHERE on_duty=1').length === 2);
  await button(one, '暂停 / 交班', 'Pause or hand over').click();
  await one.page.getByRole('combobox', { name: either('交班给', 'Hand over to') }).waitFor();
  await one.page.locator('dialog[open]').getByRole('button', { name: either('交班', 'Hand over') }).click();
  await text(other, '已把班交给您', 'handed duty over').waitFor();
  const on = gateway.sql('SELECT a.login FROM duty d JOIN account a ON a.id = d.account_id WHERE d.on_duty=1');
  checks.ok(on.length === 1 && on[0].login === 'demo.e.other', 'duty has gone from one to the other', JSON.stringify(on));
  await until('the switch follows', async () => (await one.page.getByRole('switch').getAttribute('aria-checked')) === 'false');
  await coordinator.page.getByRole('button', { name: /删除 示范医生甲/ }).first().click();
  await coordinator.page.locator('dialog[open]').getByRole('button', { name: either('确认', 'Confirm') }).click();
  await until('the shift is gone', () => gateway.sql('SELECT id FROM duty_shift').length === 0);
  await until('and from the table', async () => (await coordinator.page.getByRole('button', { name: /删除 示范医生甲/ }).count()) === 0);
  checks.ok(true, 'a shift is removed');
}

try {
  await gateway.prepare();
  for (const step of [people, planning, pausing, handing]) {
    const started = Date.now();
    await step();
    console.log(`-- ${step.name}: ${Date.now() - started} ms`);
  }
  checks.ok(findings.length === 0, 'axe-core: no serious or critical finding', findings.join('\n  '));
  checks.ok(wide.length === 0, 'nothing is wider than a telephone', wide.join('; '));
  const errors = [clinician, one, other, coordinator].flatMap((t) => t.console.filter((l) => l.startsWith('pageerror')));
  checks.ok(errors.length === 0, 'no script error', errors.join('; '));
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const tab of [clinician, one, other, coordinator]) {
    await tab?.shot(`duty-failed-${tab.name}`).catch(() => {});
    console.log(`${tab?.name}'s console:\n  ${tab?.console.slice(-10).join('\n  ')}`);
  }
} finally {
  await browser.close();
  await gateway.stop();
  checks.end();
}
