// A colleague observes a session: admitted by the consultant while the patient consents to teaching, sees and hears both, is asked for no
// camera and no microphone, and finds the patient's name nowhere. The township withdraws the consent: the page says why and shows no picture.
import path from 'node:path';
import { axe } from './lib/axe.mjs';
import { Person } from './lib/browser.mjs';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, reports, sleep, until } from './lib/gateway.mjs';
import { DESK, PHONE } from './lib/look.mjs';
import { call, listenTo, watchOf } from './lib/stage.mjs';

const checks = new Checks();
const gateway = new Gateway();
const clinician = new Person('clinician', 0, 440);
const specialist = new Person('specialist', 1, 880);
const observer = new Person('observer', 2, 1320);
const people = [clinician, specialist, observer];
const either = (zh, en) => new RegExp(`^(${zh}|${en})$`);
const NAMES = ['示范患者甲', '1958-03-12', '胸痛三小时'];
const heard = []; // what the observer's WebSocket brought
let room;

async function meet() {
  for (const [person, login] of [[clinician, 'demo.clinician1'], [specialist, 'demo.specialist1'], [observer, 'demo.specialist2']]) {
    person.account = work.account(gateway.demo, (p, a) => a.login === login);
    person.shown = person.account.person.name_zh;
  }
  await Promise.all(people.map((p) => p.open(gateway.origin)));
  observer.page.on('websocket', (ws) => ws.on('framereceived', ({ payload }) => heard.push(String(payload))));
  observer.page.on('response', async (r) => /\/api\/v1\//.test(r.url()) && heard.push(await r.text().catch(() => '')));
  await observer.page.addInitScript(() => {
    window.asked = 0;
    const devices = navigator.mediaDevices;
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (...wanted) => {
      window.asked += 1;
      return real(...wanted);
    };
  });
  await observer.page.reload();
  await Promise.all(people.map((p) => p.signIn(p.account.login, p.account.password)));
  await work.goOnDuty(specialist);
  await work.newConsultation(clinician, { specialty: 'cardiology', files: ['CT_small.dcm'] });
  await work.submit(clinician);
  await work.openOffered(specialist);
  await work.accept(specialist);
  await work.enterSession(specialist);
  await work.enterSession(clinician);
  await until('the two see each other', async () => (await clinician.readBarcode()) && (await specialist.readBarcode()));
  room = gateway.sql('SELECT id FROM consultation')[0].id;
}

const manage = (person) => person.page.getByRole('button', { name: either('旁听人员', 'Who observes') }).click();
const close = (person) => person.page.getByRole('dialog').getByRole('button', { name: either('关闭', 'Close') }).click();

async function admit() {
  await manage(specialist);
  const dialog = specialist.page.getByRole('dialog', { name: either('教学旁听', 'Observers') });
  await dialog.getByText('患者未同意教学旁听').waitFor();
  checks.ok((await dialog.getByRole('list', { name: /可准许旁听/ }).count()) === 0, 'without the patient\'s consent nobody can be admitted');
  await manage(clinician);
  await clinician.page.getByRole('button', { name: either('记录患者同意教学旁听', 'Record the consent to teaching') }).click();
  await clinician.page.getByText('患者已同意教学旁听').waitFor();
  await clinician.shot('e2e-observe-1-consent');
  await close(clinician);
  await dialog.getByText('患者已同意教学旁听').waitFor({ timeout: 5000 });
  await dialog.getByRole('textbox', { name: /查找|Search/ }).fill(observer.shown);
  await dialog.getByRole('button', { name: `准许旁听 ${observer.shown}` }).waitFor();
  await sleep(600);
  const findings = await axe(specialist.page);
  checks.ok(findings.length === 0, 'axe: the dialog', findings.join('; '));
  await specialist.shot('e2e-observe-2-admit');
  await dialog.getByRole('button', { name: `准许旁听 ${observer.shown}` }).click();
  await dialog.getByRole('list', { name: either('已准许旁听', 'Admitted') }).getByText(observer.shown).waitFor();
  await close(specialist);
}

const nameless = async (what) => {
  const text = await observer.page.evaluate(() => document.documentElement.outerHTML);
  checks.ok(!NAMES.some((name) => text.includes(name)), `${what}: the patient is named nowhere on the page`, NAMES.filter((name) => text.includes(name)).join(' '));
};

// In both languages, on an old PC's screen and on a telephone.
async function look(name) {
  const findings = [], wide = [];
  for (const language of ['English', '中文']) {
    await observer.page.getByRole('combobox', { name: /语言|Language/ }).selectOption({ label: language });
    for (const [size, viewport] of [['desk', DESK], ['phone', PHONE]]) {
      await observer.page.setViewportSize(viewport);
      await sleep(500);
      findings.push(...await axe(observer.page));
      if (await observer.page.evaluate(() => document.scrollingElement.scrollWidth > innerWidth + 1)) wide.push(`${language} ${size}`);
      await observer.page.screenshot({ path: path.join(reports, `e2e-observe-${name}-${language === 'English' ? 'en' : 'zh'}-${size}.png`) });
    }
  }
  await observer.page.setViewportSize(DESK);
  checks.ok(findings.length === 0, `axe: ${name}, zh and en, 1366 and 390`, findings.join('; '));
  checks.ok(wide.length === 0, `nothing is wider than the screen: ${name}`, wide.join(', '));
}

async function enter() {
  const { page } = observer;
  await page.getByText(new RegExp(`${specialist.shown} 准许您旁听`)).waitFor({ timeout: 8000 });
  await observer.shot('e2e-observe-3-told');
  await page.getByRole('link', { name: either('进入旁听', 'Observe') }).click();
  await page.getByText(/旁听只能听和看/).waitFor();
  await nameless('before entering');
  await look('4-door');
  await page.getByRole('button', { name: either('进入旁听', 'Observe') }).click();
  await page.getByRole('button', { name: either('暂时离开', 'Leave for now') }).waitFor();
}

async function watches() {
  const began = Date.now();
  await until('the observer sees both', async () => (await Promise.all([clinician, specialist].map((p) => watchOf(observer, p.shown, 300)))).every((w) => w.frames > 1), 20000, 10);
  checks.figure('observer_entered_to_both_pictures_ms', Date.now() - began);
  for (const [other, tone] of [[clinician, 440], [specialist, 880]]) {
    const seen = await watchOf(observer, other.shown, 2500);
    checks.ok(seen.frames >= 5 && seen.rising >= 0.8 * (seen.frames - 1) && seen.parties.length === 1 && seen.parties[0] === other.party, `sees ${other.name}, moving`, JSON.stringify(seen));
    const voice = await listenTo(observer, other.shown, 2200);
    checks.ok(voice.rms > 0.02 && Math.abs(voice.hz - tone) < 40, `and hears ${other.name}`, JSON.stringify(voice));
  }
  checks.ok((await observer.page.evaluate(() => window.asked)) === 0, 'was asked for no camera and no microphone');
  checks.ok((await observer.page.getByLabel(/本人视频|Own video/).count()) === 0 && (await observer.page.getByRole('textbox').count()) === 0 && (await observer.page.getByRole('img', { name: /影像|Image/ }).count()) === 0,
    'has no own picture, no chat, no images');
  await work.showImage(clinician, 'CT_small');
  await specialist.page.getByRole('textbox', { name: either('消息', 'Message') }).fill('示范患者甲的片子');
  await specialist.page.getByRole('button', { name: either('发送', 'Send') }).click();
  await sleep(800);
  await nameless('while it observes');
  await look('5-watching');
  for (const person of [clinician, specialist]) {
    await person.page.getByRole('status').filter({ hasText: either('旁听 1 人', 'Observers: 1') }).waitFor({ timeout: 5000 });
  }
  checks.ok(true, 'both sides see that one observes');
  checks.ok((await clinician.page.locator('.videos > .remote').count()) === 1, 'and the observer has no tile on stage');
  await clinician.shot('e2e-observe-6-party');
}

async function withdrawn() {
  await manage(clinician);
  await clinician.page.getByRole('list', { name: either('已准许旁听', 'Admitted') }).getByText(observer.shown).waitFor();
  await clinician.shot('e2e-observe-7-withdraw');
  const began = Date.now();
  await clinician.page.getByRole('button', { name: either('撤回教学旁听同意', 'Withdraw the consent to teaching') }).click();
  await observer.page.getByText('患者撤回了教学旁听同意，旁听已结束。').waitFor({ timeout: 5000 });
  const told = Date.now() - began;
  checks.figure('withdrawn_told_ms', told);
  checks.ok((await observer.page.locator('video').count()) === 0, 'the page says why, and shows no picture', `${told} ms`);
  const denied = await call(observer.page, 'GET', `/consultations/${room}`);
  checks.ok(denied.status === 404, 'and the case is gone for the observer', denied.status);
  await nameless('after the withdrawal');
  await look('8-withdrawn');
  await observer.page.reload();
  await observer.page.getByText(/没有该会诊|no such consultation/).first().waitFor({ timeout: 8000 });
  checks.ok((await observer.page.locator('video').count()) === 0, 'a reload does not bring it back');
  await close(clinician);
  const [c, s] = await Promise.all([clinician.watchFrames(5000), specialist.watchFrames(5000)]); // a busy machine decodes few a second
  checks.ok(c.frames > 4 && c.party === 1 && s.frames > 4 && s.party === 0, 'the two go on as before', JSON.stringify([c, s]));
  const all = heard.join('\n');
  checks.ok(all.includes('room.state') && all.includes('observer.gone') && !NAMES.some((name) => all.includes(name)), 'and nothing that the observer was sent names the patient', `${heard.length} messages and answers`);
}

async function attendance() {
  await work.endSession(specialist);
  await clinician.page.goto(`${gateway.origin}/#/c/${room}`);
  const history = clinician.page.getByText('进入旁听').first();
  await history.waitFor({ timeout: 8000 });
  const rows = gateway.sql("SELECT action, reason_code FROM audit WHERE action LIKE 'observer.%' ORDER BY seq");
  checks.ok(rows.length === 2 && rows[0].action === 'observer.join' && rows[1].reason_code === 'consent-withdrawn', 'the attendance is in the audit trail', JSON.stringify(rows));
  await history.scrollIntoViewIfNeeded();
  await clinician.shot('e2e-observe-9-history');
}

try {
  await gateway.prepare();
  await gateway.start();
  for (const step of [meet, admit, enter, watches, withdrawn, attendance]) {
    console.log(`-- ${step.name}`);
    await step();
  }
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const person of people) {
    await person.shot?.(`e2e-observe-failed-${person.name}`).catch(() => {});
    console.log(`${person.name}'s console:\n  ${person.console.slice(-15).join('\n  ')}`);
  }
} finally {
  await Promise.all(people.map((p) => p.close()));
  await gateway.stop();
  checks.end();
}
