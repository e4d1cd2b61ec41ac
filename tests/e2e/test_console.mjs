// What the three users of the console meet beside the straight way: refusals in words, drafts, broken uploads, rivals for an offer,
// declining, returning, withdrawing, the session's tools, consent withdrawn in it, the keyboard alone, playback, and a bad network.
import { mkdirSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, pydicom, until } from './lib/gateway.mjs';
import { prepareRoles } from './lib/roles.mjs';
import { Browser, submitted } from './lib/tabs.mjs';

const checks = new Checks();
const gateway = new Gateway();
const browser = new Browser();
const settings = ['--login_window_s', '10'];
const files = mkdtempSync(path.join(os.tmpdir(), 'cg-e2e-files-'));
let clinician, one, three, extra; // township clinician; two cardiologists of one hospital; whoever a step needs
let current;

const PASSWORD = 'demo-consult';
const exact = (zh, en) => new RegExp(`^(${zh}|${en})$`);
const button = (tab, zh, en) => tab.page.getByRole('button', { name: exact(zh, en) });
const text = (tab, zh, en = zh) => tab.page.getByText(new RegExp(`${zh}|${en}`)).first();
const state = (id) => gateway.sql(`SELECT state FROM consultation WHERE id='${id}'`)[0]?.state;
const reach = (id, wanted) => until(`${wanted} in the store`, () => state(id) === wanted, 8000);
const hasChinese = (s) => /[\u4e00-\u9fff]/.test(s);
// counts the tones that are started
const COUNT_TONES = () => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...a) { window.tones += 1; return start.apply(this, a); };
};

async function signIn() {
  clinician = await browser.tab('clinician');
  one = await browser.tab('specialist1', { init: COUNT_TONES });
  extra = await browser.tab('specialist3');
  three = await browser.tab('specialist7', { init: COUNT_TONES });
  const { page } = clinician;
  await page.getByRole('textbox', { name: /用户名/ }).fill('demo.clinician1');
  await page.getByLabel(/密码/).fill('wrong-password');
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  const zh = await alert.innerText();
  await clinician.language('en');
  const en = await alert.innerText();
  checks.ok(hasChinese(zh) && !hasChinese(en) && en.length > 10, 'a wrong password is told in words, in both languages', `${zh} / ${en}`);
  await clinician.language('zh-CN');
  checks.ok(await page.getByLabel(/密码/).inputValue() === '', 'the password field is emptied');
  await clinician.signIn('demo.clinician1', PASSWORD);
  await one.signIn('demo.specialist1', PASSWORD);
  await extra.signIn('demo.specialist3', PASSWORD);
  checks.ok(await extra.page.evaluate(() => document.documentElement.lang) === 'en', "the account's own language counts after signing in");
  await extra.close();
  await three.signIn('demo.specialist7', PASSWORD);
  await three.language('en');
}

async function draft() {
  const { page } = clinician;
  await button(clinician, '发起会诊', 'New consultation').click();
  await page.getByRole('textbox', { name: /^姓名/ }).fill('示范患者乙');
  await page.getByRole('textbox', { name: /主诉/ }).fill('反复头晕两周');
  await text(clinician, '选择会诊专科后将自动保存').waitFor();
  let asked = '';
  page.once('dialog', (d) => { asked = d.type(); return d.dismiss(); });
  await page.reload({ timeout: 3000 }).catch(() => {});
  checks.ok(asked === 'beforeunload' && await page.getByRole('textbox', { name: /主诉/ }).inputValue() === '反复头晕两周', 'a reload with unsaved text is asked about first', asked);
  await page.getByRole('combobox', { name: /会诊专科/ }).selectOption('cardiology');
  await text(clinician, '草稿已保存').waitFor({ timeout: 6000 });
  await page.getByRole('textbox', { name: /既往史/ }).fill('高血压十年');
  await until('the change is saved by itself', () => gateway.sql("SELECT 1 AS one FROM consultation WHERE request LIKE '%高血压十年%'").length > 0, 6000)
    .catch(async (e) => { if (!/no such column/.test(e.message)) throw e; await text(clinician, '草稿已保存').waitFor(); });
  await page.reload();
  await page.getByRole('textbox', { name: /既往史/ }).waitFor();
  checks.ok(await page.getByRole('textbox', { name: /既往史/ }).inputValue() === '高血压十年' && await page.getByRole('textbox', { name: /^姓名/ }).inputValue() === '示范患者乙',
    'a draft saves itself and is there after a reload');
}

async function refusedByRules() {
  extra = await browser.tab('clinician5');
  await extra.signIn('demo.clinician5', PASSWORD);
  await button(extra, '发起会诊', 'New consultation').click();
  await extra.page.getByRole('combobox', { name: /会诊专科/ }).selectOption('cardiology');
  const words = extra.page.getByRole('alert').filter({ hasText: /不能向该专科发起会诊|cannot be asked/ });
  await words.waitFor();
  const zh = await words.innerText();
  await extra.language('en');
  const en = await words.innerText();
  checks.ok(/过期|期限|有效期|失效/.test(zh) && /expire|force|validity|valid/i.test(en) && !hasChinese(en), 'an expired agreement is told in words, in both languages', `${zh} / ${en}`);
  await extra.close();
}

async function upload() {
  const { page } = clinician;
  const folder = path.join(files, 'study');
  mkdirSync(path.join(folder, 'series'), { recursive: true });
  copyFileSync(path.join(pydicom, 'CT_small.dcm'), path.join(folder, 'series/CT_small.dcm'));
  copyFileSync(path.join(pydicom, 'rtdose.dcm'), path.join(folder, 'series/rtdose.dcm'));
  copyFileSync(path.join(pydicom, 'MR_truncated.dcm'), path.join(folder, 'MR_truncated.dcm'));
  writeFileSync(path.join(folder, 'notes.txt'), 'not an image\n'.repeat(100));
  writeFileSync(path.join(folder, 'DICOMDIR'), 'index');
  await page.getByLabel(exact('选择文件夹', 'Choose folder')).setInputFiles(folder);
  const list = page.getByRole('list', { name: exact('附件', 'Attachments') });
  await until('the good files are there', async () => (await list.getByRole('listitem').count()) === 2, 20000);
  const uploads = page.getByRole('list', { name: exact('上传进度', 'Uploads') });
  await until('the others are refused', async () => (await uploads.getByText('未接收').count()) === 2, 10000);
  const why = await uploads.innerText();
  checks.ok(/notes\.txt/.test(why) && /MR_truncated/.test(why) && await text(clinician, '已跳过 1 个').isVisible(), 'of a folder the good files are taken, each refused one has its reason', why.replace(/\n/g, ' '));
  // killed in the middle of a large file: it goes on from the octet that was acknowledged, by itself
  const big = path.join(files, 'report.pdf');
  execFileSync('/usr/bin/python3', ['-c', `
import os, sys
body = b"%PDF-1.4\\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\\n%" + os.urandom(6000000).hex().encode() + b"\\ntrailer<</Root 1 0 R>>\\n%%EOF\\n"
open(sys.argv[1], "wb").write(body)`, big]);
  const cdp = await clinician.context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: 2500000 });
  const offsets = []; // of the chunks that the gateway has acknowledged
  page.on('requestfinished', (r) => { if (r.method() === 'PUT' && /uploads/.test(r.url())) offsets.push(Number(new URL(r.url()).searchParams.get('offset'))); });
  await page.getByLabel(exact('选择文件', 'Choose files')).setInputFiles(big);
  await until('some of it is there', () => offsets.length >= 2, 10000, 20);
  await gateway.kill('SIGKILL');
  const before = offsets.length;
  await text(clinician, '链路中断').waitFor({ timeout: 5000 });
  await gateway.start(...settings);
  await until('the file is attached', async () => (await list.getByText('report.pdf').count()) === 1, 20000);
  const [row] = gateway.sql("SELECT bytes FROM attachment WHERE name='report.pdf'");
  const twice = offsets.filter((o, i) => offsets.indexOf(o) !== i);
  checks.ok(row.bytes > 12000000 && offsets.length > before && twice.length === 0 && offsets.slice(before).every((o) => o > offsets[before - 1]),
    'an upload goes on where it stood when the gateway was killed and started again', `chunks at ${offsets.slice(0, before).join(' ')} before, ${offsets.slice(before).join(' ')} after`);
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await cdp.detach();
  page.once('dialog', (d) => d.accept());
  await page.getByRole('button', { name: /删除 report.pdf/ }).click();
  await until('it is removed', async () => (await list.getByRole('listitem').count()) === 2);
}

async function rivals() {
  const { page } = clinician;
  await page.getByRole('combobox', { name: exact('性别', 'Sex') }).selectOption({ index: 1 });
  await page.getByRole('textbox', { name: /出生日期/ }).fill('19580312');
  await page.getByRole('textbox', { name: /会诊目的/ }).fill('是否需要转诊？');
  await page.getByRole('radio', { name: exact('紧急', 'Urgent') }).check();
  for (const name of [/患者同意会诊/, /患者同意影像资料共享/, /患者同意录制/]) await page.getByRole('checkbox', { name }).check();
  await work.goOnDuty(one);
  await work.goOnDuty(three);
  const other = await one.context.newPage(); // the specialist reads something else: the console is a background tab
  await other.goto('about:blank');
  await other.bringToFront();
  await work.submit(clinician);
  current = await clinician.page.evaluate(() => location.hash.slice(4, 36));
  const rung = async (tab) => (await tab.page.getByRole('alertdialog').count()) > 0;
  await until('one of them is rung', async () => await rung(one) !== await rung(three), 8000, 30);
  await until('nobody answers: both are', async () => await rung(one) && await rung(three), 12000, 30);
  await until('the tab of the other rings', async () => /新会诊邀请/.test(await one.page.title()), 8000, 30);
  const tones = await until('it is heard', () => one.page.evaluate(() => window.tones), 4000);
  checks.ok(tones > 0, 'one after the other rings, then both; the background tab by its title and by sound', `${tones} tones`);
  await other.close();
  await three.page.getByRole('alertdialog').getByRole('link').click();
  await button(three, '接诊', 'Accept').waitFor();
  // the keyboard alone: ring, case, accept
  await one.page.bringToFront();
  const link = one.page.getByRole('alertdialog').getByRole('link');
  await tabTo(one, link);
  await one.page.keyboard.press('Enter');
  await button(one, '接诊', 'Accept').waitFor();
  await tabTo(one, button(one, '接诊', 'Accept'));
  await one.page.keyboard.press('Enter');
  await reach(current, 'accepted');
  const told = three.page.getByText(/accepted by .*Specialist One/);
  await told.first().waitFor({ timeout: 5000 });
  checks.ok(true, 'one accepts, by the keyboard alone; the other is told by whom', await told.first().innerText());
  checks.ok(await three.page.getByRole('alertdialog').count() === 0 && !/新会诊|New consultation\]/.test(await three.page.title()), 'the ring has ended with the offer');
}

// Presses Tab until the element has the focus, as somebody without a mouse would.
async function tabTo(tab, locator, limit = 60) {
  const handle = await locator.first().elementHandle();
  for (let i = 0; i < limit; i++) {
    if (await handle.evaluate((e) => document.activeElement === e)) return i;
    await tab.page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${locator}`);
}

async function refusals() {
  await clinician.place('#/worklist');
  const { id, number } = await submitted(clinician, { complaint: '会诊流程检查' });
  await one.place('#/queue');
  for (const tab of [one, three]) {
    await tab.place(`#/c/${id}`);
    await button(tab, '拒绝', 'Decline').waitFor();
  }
  const covered = await button(three, '拒绝', 'Decline').evaluate((e) => { const r = e.getBoundingClientRect(); return !e.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)); });
  checks.ok(!covered && await three.page.locator('.ring-stack .notice').isVisible(), 'a notice does not lie over the buttons of the page');
  await button(three, '拒绝', 'Decline').click();
  await three.page.getByRole('combobox', { name: exact('原因', 'Reason') }).selectOption('conflict');
  await button(three, '确认', 'Confirm').click();
  await until('the decliner is back at the queue', async () => /#\/queue/.test(three.page.url()), 5000);
  checks.ok(state(id) === 'offered' && await button(one, '接诊', 'Accept').isVisible(), 'declined by one with a reason, it stays offered to the other');
  await button(one, '退回补充资料', 'Return for more information').click();
  checks.ok(await button(one, '确认', 'Confirm').isDisabled(), 'returning needs words about what is missing');
  await one.page.getByRole('textbox', { name: /需要补充什么/ }).fill('请补充十二导联心电图');
  await button(one, '确认', 'Confirm').click();
  await reach(id, 'returned');
  await clinician.place(`#/c/${id}`);
  await text(clinician, '请补充十二导联心电图').waitFor();
  await clinician.page.getByRole('textbox', { name: /检查检验结果/ }).fill('心电图：窦性心律，V1-V4 ST 段抬高');
  await work.submit(clinician);
  await reach(id, 'offered');
  checks.ok(true, 'returned with a reason, completed, submitted again');
  await button(clinician, '撤回申请', 'Withdraw request').click();
  await clinician.page.getByRole('combobox', { name: exact('原因', 'Reason') }).selectOption('patient-transferred');
  await button(clinician, '确认', 'Confirm').click();
  await clinician.page.getByRole('status').filter({ hasText: '已撤回' }).first().waitFor();
  const history = await clinician.page.getByRole('list').filter({ hasText: '退回补充资料' }).last().innerText();
  checks.ok(/患者已转院/.test(await clinician.page.locator('main').innerText()) && /影像|需要回避|退回/.test(history) && !/[a-z]+[.-][a-z]+/.test(history), 'withdrawn; the history has words, no codes', history.replace(/\n/g, ' ').slice(-150));
  await one.place('#/queue');
  await until('it has left the queue', async () => !(await one.page.getByRole('link', { name: number }).count()), 5000);
}

async function meet() {
  for (const tab of [one, clinician]) {
    await tab.place(`#/c/${current}`);
    await button(tab, '进入会诊室', 'Enter session').click();
  }
  await until('both see each other', async () => (await clinician.readBarcode()) && (await one.readBarcode()));
  await work.agreeToRecording(one);
}

const remoteLight = (tab) => tab.readBarcode().then((code) => code?.margin ?? -1);
const remoteSound = async (tab) => (await tab.listen(400)).rms;
const heard = (tab) => until('it is heard', async () => { const rms = await remoteSound(tab); return rms > 0.01 ? rms : 0; }, 8000); // the tone has pauses

async function tools() {
  await one.page.getByRole('textbox', { name: exact('消息', 'Message') }).fill('请看 <b>CT</b> & 心电图');
  await one.page.keyboard.press('Enter');
  await clinician.page.getByRole('log').getByText('请看 <b>CT</b> & 心电图').waitFor({ timeout: 5000 });
  checks.ok(true, 'chat arrives as it was typed');
  await work.showImage(one, 'CT_small');
  await until('the other side follows', () => clinician.page.evaluate(() => /CT/.test(document.querySelector('.stage-note')?.textContent ?? '')), 5000);
  const win = (tab) => tab.page.locator('.win').innerText();
  const before = await win(clinician);
  const box = await one.page.locator('.stage').boundingBox();
  await one.page.mouse.move(box.x + 100, box.y + 100);
  await one.page.mouse.down();
  for (let i = 1; i <= 8; i++) await one.page.mouse.move(box.x + 100 + i * 12, box.y + 100 + i * 5);
  await one.page.mouse.up();
  await until('the window follows', async () => await win(clinician) === await win(one) && await win(one) !== before, 5000);
  await until('the picture is the one of that window', () => clinician.page.evaluate(() => document.querySelector('.image')?.dataset.complete === 'true' && /center=/.test(document.querySelector('.image').src)), 5000);
  checks.ok(true, 'a window dragged on one side is seen on the other', `${before} -> ${await win(clinician)}`);
  await one.page.locator('.stage').focus();
  const dragged = await win(one);
  await one.page.keyboard.press('Shift+ArrowRight');
  checks.ok(await win(one) !== dragged, 'the window moves by the keyboard too', await win(one));
  await work.showImage(clinician, 'rtdose');
  const slider = one.page.getByRole('slider', { name: exact('帧', 'Frame') });
  await slider.waitFor({ timeout: 5000 });
  await slider.focus();
  for (let i = 0; i < 4; i++) await one.page.keyboard.press('ArrowRight');
  await until('the other side has the frame', async () => (await clinician.page.getByRole('slider', { name: '帧' }).inputValue()) === '4', 5000);
  await until('its picture is drawn', () => clinician.page.evaluate(() => /frame=4/.test(document.querySelector('.image')?.src ?? '')), 5000);
  checks.ok(true, 'frames of a multi-frame file, shared');
}

async function ownDevices() {
  checks.ok(await remoteLight(one) > 30, 'control: the picture of the other side is there');
  await button(clinician, '关闭摄像头', 'Camera off').click();
  await until('the picture goes dark', async () => (await remoteLight(one)) <= 30 || (await one.page.evaluate(() => { // black: every block the same
    const video = document.querySelector('video[aria-label^="对方视频"]'); const canvas = document.createElement('canvas'); canvas.width = 16; canvas.height = 9;
    const context = canvas.getContext('2d'); context.drawImage(video, 0, 0, 16, 9); return Math.max(...context.getImageData(0, 0, 16, 9).data.filter((_, i) => i % 4 < 3)) < 30;
  })), 5000);
  await button(clinician, '关闭摄像头', 'Camera off').click();
  await until('the picture is back', async () => (await remoteLight(one)) > 30 && (await one.watchFrames(400)).frames > 2, 8000);
  checks.ok(true, 'camera off is seen by the other side, and on again');
  const loud = await heard(one);
  await button(clinician, '静音', 'Mute').click();
  const quiet = await until('it is silent', async () => { const rms = await remoteSound(one); return rms < 0.003 ? rms + 1e-9 : 0; }, 6000);
  await button(clinician, '静音', 'Mute').click();
  checks.ok(loud > 0.01 && quiet < 0.003, 'mute is silence on the other side', `${loud.toFixed(3)} -> ${quiet.toFixed(5)}`);
  const tracks = () => clinician.page.evaluate(() => document.querySelector('video[aria-label="本人视频"]').srcObject.getTracks().map((t) => `${t.kind} ${t.label}`).join());
  const was = await tracks();
  await button(clinician, '设备', 'Devices').click();
  await clinician.page.getByRole('combobox', { name: exact('麦克风', 'Microphone') }).selectOption({ index: 1 });
  await until('another microphone is used', async () => (await tracks()) !== was, 5000);
  await button(clinician, '关闭', 'Close').click();
  const watch = await one.watchFrames(800);
  checks.ok(watch.frames > 3 && (await heard(one)) > 0.01, 'another microphone in the call: picture and sound go on', `${was} -> ${await tracks()}`);
}

async function operatorLooks() {
  extra = await browser.tab('operator');
  await extra.signIn('demo.operator', PASSWORD);
  const rooms = extra.page.getByRole('region', { name: /进行中的会诊室|Running sessions/ });
  await rooms.getByText('udp').first().waitFor({ timeout: 8000 });
  await rooms.getByText('录制中').waitFor({ timeout: 8000 });
  const words = await extra.page.locator('main').innerText();
  checks.ok(/录制中/.test(await rooms.innerText()) && !/示范患者|胸痛|头晕/.test(words), 'the operator sees the running session and nothing of the patient', (await rooms.innerText()).replace(/\s+/g, ' ').slice(0, 120));
  const seen = await extra.api('GET', `/consultations/${current}`);
  checks.ok(seen.status === 404 || seen.status === 403, 'and may not open it', `${seen.status}`);
  await button(extra, '退出', 'Sign out').click();
  await extra.page.getByRole('button', { name: exact('登录', 'Sign in') }).waitFor();
  await extra.page.reload();
  await extra.page.getByRole('button', { name: exact('登录', 'Sign in') }).waitFor();
  checks.ok((await extra.api('GET', '/ops/overview')).status === 401, 'signed out is signed out, also after a reload');
  await extra.close();
}

async function comeAndGo() {
  await button(clinician, '撤回录制同意', 'Withdraw recording consent').click();
  await button(clinician, '确认', 'Confirm').click();
  const off = Date.now();
  for (const tab of [clinician, one]) await tab.page.getByRole('status').filter({ hasText: /^(未录制|Not recording)$/ }).waitFor({ timeout: 3000 });
  checks.figure('consent_withdrawn_to_mark_gone_ms', Date.now() - off);
  await one.page.getByText('患者未同意录制').waitFor({ timeout: 3000 });
  checks.ok(true, 'consent withdrawn in the session: the mark is gone on both sides, in words');
  await button(clinician, '挂断', 'Hang up').click();
  await button(clinician, '返回会诊室', 'Back to the session').waitFor();
  checks.ok(['in-session', 'interrupted'].includes(state(current)), 'hanging up ends nothing', state(current));
  await clinician.page.reload();
  await button(clinician, '返回会诊室', 'Back to the session').click();
  await until('they see each other again', async () => (await clinician.readBarcode()) && (await one.watchFrames(300)).frames > 1, 12000);
  checks.ok(true, 'and one comes back, also after a reload');
}

async function conclude() {
  await one.page.getByRole('tab', { name: '意见' }).click();
  await one.page.getByRole('textbox', { name: /会诊所见/ }).fill('CT 清晰，未见出血');
  await work.endSession(one); // at once: what was typed last must be there on the next page
  const findings = one.page.getByRole('textbox', { name: /会诊所见/ });
  await until('the specialist is on the opinion form', async () => /#\/c\/[0-9a-f]{32}$/.test(one.page.url()) && (await findings.isVisible()), 8000);
  checks.ok(await findings.inputValue() === 'CT 清晰，未见出血' && await findings.evaluate((e) => document.activeElement === e), 'the end of the session leads to the opinion form, with what was typed, ready to type on');
  await until('the clinician is on the case', () => /#\/c\/[0-9a-f]{32}$/.test(clinician.page.url()), 8000);
  await text(clinician, '等待 .* 签署意见').waitFor();
  checks.ok(true, 'and the clinician to the case');
  const keys = one.page.keyboard;
  for (const [name, words] of [[/^诊断意见/, '良性阵发性眩晕可能'], [/治疗建议/, '对症；复位治疗']]) {
    await tabTo(one, one.page.getByRole('textbox', { name }));
    await keys.type(words);
  }
  await tabTo(one, button(one, '签署意见', 'Sign opinion'));
  await keys.press('Enter');
  await tabTo(one, button(one, '确认签署', 'Sign now'));
  await keys.press('Enter');
  await one.page.getByText('签名有效').first().waitFor({ timeout: 8000 });
  checks.ok(state(current) === 'signed', 'written and signed by the keyboard alone');
}

async function playback() {
  await until('the recording is complete', () => gateway.sql("SELECT 1 AS one FROM recording WHERE state='complete'").length > 0, 10000);
  const [row] = gateway.sql("SELECT id FROM recording WHERE state='complete' ORDER BY part LIMIT 1");
  for (const tab of [clinician, one]) {
    await tab.page.reload();
    const video = tab.page.getByLabel(/播放录像 第 1 段|Play recording part 1/);
    await video.waitFor();
    const played = await until('it plays', () => video.evaluate(async (v) => {
      v.muted = true;
      await v.play();
      return v.currentTime > 0.6 && v.videoWidth > 0 ? { at: v.currentTime, width: v.videoWidth, error: v.error?.message } : null;
    }), 8000);
    checks.ok(played.at > 0.6, `the recording plays for ${tab.name}`, JSON.stringify(played));
    await video.evaluate((v) => v.pause());
  }
  const other = await three.api('GET', `/recordings/${row.id}/content`);
  checks.ok([403, 404].includes(other.status), 'a stranger may not play it', `${other.status}`);
  await clinician.page.reload();
  await text(clinician, '播放录像').waitFor();
  const history = await clinician.page.locator('.history').innerText();
  checks.ok(/播放录像/.test(history) && /撤回同意/.test(history) && !/[a-z]{3,}[.-][a-z]{3,}/.test(history), 'each playback stands in the history, in words', history.replace(/\s+/g, ' ').slice(-160));
}

async function sessionRunsOut() {
  const id = (await clinician.api('POST', '/consultations', { kind: 'live', specialty: 'cardiology', urgency: 'routine', patient: { name: '示范患者丙' }, request: { complaint: '乏力' } })).body.id;
  await clinician.place(`#/c/${id}`);
  await clinician.page.getByRole('textbox', { name: /主诉/ }).waitFor();
  execFileSync('sqlite3', [path.join(gateway.data, 'consult.db'), '.timeout 5000', "DELETE FROM session WHERE account_id=(SELECT id FROM account WHERE login='demo.clinician1')"]);
  await clinician.page.getByRole('textbox', { name: /主诉/ }).fill('乏力一月，加重三天');
  await clinician.page.getByRole('button', { name: '登录' }).waitFor({ timeout: 8000 });
  checks.ok(await text(clinician, '登录已失效').isVisible(), 'a session that ran out is told');
  await clinician.signIn('demo.clinician1', PASSWORD);
  await clinician.page.getByRole('textbox', { name: /主诉/ }).waitFor();
  checks.ok(clinician.page.url().includes(id) && await clinician.page.getByRole('textbox', { name: /主诉/ }).inputValue() === '乏力一月，加重三天', 'signing in again comes back to the same place, with what was typed');
  await text(clinician, '草稿已保存').waitFor({ timeout: 6000 });
}

async function badNetwork() {
  const { page } = clinician;
  const block = async (status, headers, body) => page.route('**/api/v1/**', (route) => (status ? route.fulfill({ status, headers, body }) : route.abort()));
  const places = ['#/worklist', '#/history', `#/c/${current}`, '#/new'];
  const bad = [];
  for (const [name, status, headers] of [['503', 503, { 'Retry-After': '1' }], ['429', 429, { 'Retry-After': '1' }], ['no answer', 0, {}], ['a proxy page', 502, { 'Content-Type': 'text/html' }]]) {
    await block(status, headers, status === 502 ? '<html>Bad gateway</html>' : '');
    for (const place of places.slice(0, 3)) {
      await clinician.place('#/check');
      await clinician.place(place);
      const words = await page.locator('main').getByRole('alert').first().innerText({ timeout: 3000 }).catch(() => '');
      if (!hasChinese(words)) bad.push(`${name} ${place}: "${words}"`);
    }
    await page.unroute('**/api/v1/**');
    const back = await until('it comes back by itself', async () => (await page.locator('main').getByRole('alert').count()) === 0 && /会诊/.test(await page.locator('main').innerText()), 9000).catch((e) => e);
    if (back instanceof Error) bad.push(`${name}: ${back.message}`);
  }
  checks.ok(bad.length === 0, '503, 429, a proxy and no answer: words on every page, and back by itself', bad.join('; '));
  // a PC whose clock is two hours slow: deadlines count by the gateway's clock
  const { id } = await submitted(clinician, { complaint: '时钟检查' });
  const skewed = await browser.tab('skewed', { init: () => { const real = Date.now; Date.now = () => real() - 7200000; } });
  await skewed.signIn('demo.specialist1', PASSWORD);
  await skewed.page.getByRole('row').filter({ hasText: '时钟检查' }).waitFor();
  const left = await skewed.page.getByRole('row').filter({ hasText: '时钟检查' }).innerText();
  checks.ok(/还剩 1[45] 分钟/.test(left), 'deadlines are right on a PC whose clock is two hours slow', left.replace(/\s+/g, ' '));
  await skewed.close();
  await clinician.api('POST', `/consultations/${id}/actions/withdraw`, { reason_code: 'other', reason_text: 'x' });
}

async function signOutOffline() {
  const { page } = three;
  await three.language('zh-CN');
  await page.route('**/api/v1/session', (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue()));
  await button(three, '退出', 'Sign out').click();
  await text(three, '尚未确认退出').waitFor({ timeout: 4000 });
  await page.unroute('**/api/v1/session');
  await until('it is done when the link is back', async () => (await three.api('GET', '/session')).status === 401 && !(await text(three, '尚未确认退出').isVisible()), 8000);
  checks.ok(true, 'signing out without a link is completed when it is back');
}

async function throttled() {
  const { page } = three;
  for (let i = 0; i < 9; i++) {
    await page.getByRole('textbox', { name: /用户名/ }).fill('demo.nobody');
    await page.getByLabel(/密码/).fill(`wrong${i}`);
    const answer = page.waitForResponse((r) => r.url().endsWith('/api/v1/session') && r.request().method() === 'POST');
    await page.getByRole('button', { name: '登录' }).click();
    const refused = (await answer).status() === 429;
    await until('the answer is on the page', async () => (refused ? page.getByText('尝试次数过多').count() : (await page.getByLabel(/密码/).inputValue()) === ''), 5000, 30);
    if (refused) break;
  }
  const words = await page.getByRole('alert').innerText();
  checks.ok(/尝试次数过多.*秒后可再试/.test(words) && await page.getByRole('button', { name: '登录' }).isDisabled(), 'too many tries: told for how long', words);
}

const began = Date.now();
const steps = [signIn, draft, refusedByRules, upload, rivals, refusals, meet, tools, ownDevices, operatorLooks, comeAndGo, conclude, playback, sessionRunsOut, badNetwork, signOutOffline, throttled];
try {
  await gateway.prepare();
  prepareRoles(gateway, { 'DEMO-REMOTE': { timers: { ring: { urgent: 3 } } } });
  await gateway.start(...settings);
  await browser.open(gateway.origin);
  for (const step of steps) {
    const started = Date.now();
    await step();
    console.log(`-- ${step.name}: ${Date.now() - started} ms`);
  }
  checks.figure('seconds', Math.round((Date.now() - began) / 1000));
  const errors = [clinician, one, three].flatMap((t) => t.console.filter((l) => l.startsWith('pageerror')));
  checks.ok(errors.length === 0, 'no script error on any page', errors.join('; '));
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const tab of [clinician, one, three, extra]) {
    await tab?.shot(`e2e-console-failed-${tab.name}`).catch(() => {});
    console.log(`${tab?.name}'s console:\n  ${tab?.console.slice(-8).join('\n  ')}`);
  }
} finally {
  await browser.close();
  await gateway.stop();
  rmSync(files, { recursive: true, force: true });
  checks.end();
}
