// A third person is called on stage of a recorded consultation: all three see and hear each other and the same image; the guest reloads
// and comes back, three more fill the stage, the guest is removed and the others go on; the recording holds everybody.
import path from 'node:path';
import { Person } from './lib/browser.mjs';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, sleep, until } from './lib/gateway.mjs';
import { counters, meanVolume, probe } from './lib/recording.mjs';
import { Quiet, call, listenTo, watchOf } from './lib/stage.mjs';

const checks = new Checks();
const gateway = new Gateway();
const clinician = new Person('clinician', 0, 440);
const specialist = new Person('specialist', 1, 880);
const guest = new Person('guest', 2, 1320);
const quiet = new Quiet();
const tone = new Map([[clinician, 440], [specialist, 880], [guest, 1320]]);
const either = (zh, en) => new RegExp(`^(${zh}|${en})$`);
let room;

async function meet() {
  const of = (login) => work.account(gateway.demo, (p, a) => a.login === login);
  for (const [person, login] of [[clinician, 'demo.clinician1'], [specialist, 'demo.specialist1'], [guest, 'demo.specialist2']]) {
    person.account = of(login);
    person.shown = person.account.person.name_zh;
  }
  await Promise.all([clinician, specialist, guest].map((p) => p.open(gateway.origin)));
  await Promise.all([clinician, specialist, guest].map((p) => p.signIn(p.account.login, p.account.password)));
  await work.goOnDuty(specialist);
  await work.newConsultation(clinician, { specialty: 'cardiology', files: ['CT_small.dcm'] });
  await work.submit(clinician);
  await work.openOffered(specialist);
  await work.accept(specialist);
  await work.enterSession(specialist);
  await work.enterSession(clinician);
  await until('the two see each other', async () => (await clinician.readBarcode()) && (await specialist.readBarcode()));
  await work.agreeToRecording(specialist);
  room = gateway.sql('SELECT id FROM consultation')[0].id;
}

async function invite() {
  await quiet.open(gateway.origin);
  for (const login of ['demo.specialist3', 'demo.specialist4', 'demo.specialist5']) {
    const one = await quiet.signIn(login, 'demo-consult');
    await call(one.page, 'PUT', '/duty', { on_duty: true });
  }
  const { page } = clinician;
  await page.getByRole('button', { name: either('邀请专家', 'Invite') }).click();
  const dialog = page.getByRole('dialog');
  const rows = dialog.getByRole('list', { name: /可邀请|may be invited/ }).getByRole('listitem');
  await until('five may be invited', async () => (await rows.count()) === 5); // two colleagues of the specialist, three on duty elsewhere
  checks.ok(/值班/.test(await rows.first().innerText()) && (await rows.allInnerTexts()).slice(-2).some((x) => x.includes(guest.shown)), 'on duty first: the guest and a colleague of the own hospital, off duty, last', (await rows.allInnerTexts()).map((x) => x.split(/\s/)[0]).join(' '));
  await dialog.getByRole('textbox', { name: /查找|Search/ }).fill('影像');
  await until('the search narrows the list', async () => (await rows.count()) === 1);
  await clinician.shot('e2e-stage-1-invite');
  await dialog.getByRole('button', { name: `邀请 ${guest.shown}` }).click();
  await dialog.getByRole('list', { name: either('已邀请', 'Invited') }).getByText(guest.shown).waitFor();
  await dialog.getByRole('button', { name: either('关闭', 'Close') }).click();
  const ring = guest.page.getByRole('alertdialog', { name: /邀请您加入|You are invited/ });
  await ring.waitFor({ timeout: 5000 });
  checks.ok((await ring.innerText()).includes(clinician.shown), 'it rings at the guest and names who invites', (await ring.innerText()).split('\n').slice(0, 2).join(' / '));
  await guest.shot('e2e-stage-2-ring');
  await ring.getByRole('link', { name: either('进入会诊室', 'Enter session') }).click();
  const door = guest.page.getByRole('button', { name: either('同意并进入', 'Agree and enter') });
  await door.waitFor();
  checks.ok(/录制/.test(await guest.page.getByRole('main').innerText()) && gateway.sql("SELECT present FROM participation WHERE role='guest'")[0].present === 0,
    'before entering the guest is told about the recording, and is not in the room yet');
  await guest.shot('e2e-stage-3-door');
  await door.click();
  await guest.page.getByRole('button', { name: either('挂断', 'Hang up') }).waitFor();
}

const others = (person) => [clinician, specialist, guest].filter((p) => p !== person);
const seesAll = (person, ms) => Promise.all(others(person).map((p) => watchOf(person, p.shown, ms)));
const good = (watch, party, least) => watch.frames >= least && watch.rising >= 0.8 * (watch.frames - 1) && watch.parties.length === 1 && watch.parties[0] === party;

async function everybodySees(what, ms) {
  const all = await Promise.all([clinician, specialist, guest].map((p) => seesAll(p, ms)));
  [clinician, specialist, guest].forEach((person, i) => others(person).forEach((other, k) =>
    checks.ok(good(all[i][k], other.party, ms / 500), `${what}: ${person.name} sees ${other.name}`, JSON.stringify(all[i][k]))));
}

async function three() {
  const began = Date.now();
  await until('everybody sees everybody', async () => (await Promise.all([clinician, specialist, guest].map((p) => seesAll(p, 300)))).every((list) => list.every((w) => w.frames > 1)), 20000, 10);
  checks.figure('guest_entered_to_all_pictures_ms', Date.now() - began);
  await everybodySees('live', 3000);
  for (const person of [clinician, specialist, guest]) {
    const heard = await Promise.all(others(person).map((p) => listenTo(person, p.shown, 2200)));
    checks.ok(others(person).every((p, i) => heard[i].rms > 0.02 && Math.abs(heard[i].hz - tone.get(p)) < 40), `${person.name} hears the two others apart`, JSON.stringify(heard));
  }
  await work.showImage(clinician, 'CT_small');
  const drawn = await Promise.all([specialist, guest].map((p) => work.imageShown(p)));
  checks.ok(drawn.every((size) => size.width >= 128), 'the image that the clinician shows is drawn at both others', JSON.stringify(drawn));
  checks.ok(await guest.page.getByRole('status').filter({ hasText: either('录制中', 'Recording') }).first().isVisible(), 'the guest sees that it is recorded');
  checks.ok((await guest.page.getByRole('button', { name: /同意录制|撤回录制同意|结束会诊|邀请专家|请离/ }).count()) === 0, 'and has no button for consents, the end, or other guests');
}

async function comesBack() {
  const began = Date.now();
  await guest.page.reload();
  await until('the guest sees both again', async () => (await seesAll(guest, 250)).every((w) => w.frames > 1), 15000, 10);
  checks.figure('guest_reload_to_pictures_ms', Date.now() - began);
  await until('both see the guest again', async () => (await Promise.all([clinician, specialist].map((p) => watchOf(p, guest.shown, 300)))).every((w) => w.frames > 1), 15000, 10);
  checks.ok(Date.now() - began < 10000, 'the guest reloads and is back in the same seat without being asked again', `${Date.now() - began} ms`);
  await everybodySees('after the reload', 2000);
}

const layout = (person) => person.page.evaluate(() => {
  const box = (e) => e.getBoundingClientRect();
  const stage = box(document.querySelector('.videos'));
  const tiles = [...document.querySelectorAll('.videos > .remote, .videos > .own')].map(box);
  const inside = tiles.every((t) => t.left >= stage.left - 1 && t.right <= stage.right + 1 && t.top >= stage.top - 1 && t.bottom <= stage.bottom + 1 && t.width > 100 && t.height > 60);
  const apart = tiles.every((a, i) => tiles.every((b, k) => i === k || a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1));
  const buttons = [...document.querySelectorAll('.controls button')].every((b) => box(b).bottom <= innerHeight && box(b).right <= innerWidth);
  return { tiles: tiles.length, inside, apart, buttons, scrolls: document.scrollingElement.scrollHeight > innerHeight + 1 || document.scrollingElement.scrollWidth > innerWidth + 1,
    names: [...document.querySelectorAll('.videos .video-name')].map((e) => e.textContent.trim()).filter(Boolean).length };
});

async function six() {
  for (const { page, login, account } of quiet.people) {
    const invited = await call(clinician.page, 'POST', `/consultations/${room}/actions/invite`, { account });
    const state = await quiet.join(page, room);
    checks.ok(invited.status === 200 && state.type === 'room.state', `${login} takes seat ${state.seat}`, state.en ?? invited.body?.code ?? '');
  }
  await until('six tiles each', async () => (await Promise.all([clinician, specialist, guest].map(layout))).every((p) => p.tiles === 6), 8000);
  const places = await Promise.all([clinician, specialist, guest].map(layout));
  checks.ok(places.every((p) => p.tiles === 6 && p.names === 6 && p.inside && p.apart && p.buttons && !p.scrolls), 'six tiles with names fit 1366x768, controls in sight', JSON.stringify(places));
  await sleep(800);
  await Promise.all([clinician, guest].map((p) => p.shot(`e2e-stage-4-six-${p.name}`)));
  await everybodySees('six on stage', 2000);
}

async function removed() {
  const { page } = specialist;
  await page.getByRole('button', { name: `请离 ${guest.shown}` }).click();
  await page.getByRole('button', { name: either('确认', 'Confirm') }).click();
  const began = Date.now();
  await guest.page.getByText(/您的邀请已结束|Your invitation has ended/).first().waitFor({ timeout: 5000 });
  checks.figure('removed_told_ms', Date.now() - began);
  await until('the tile is gone at the clinician', async () => !(await clinician.page.getByLabel(`对方视频 ${guest.shown}`).count()), 5000);
  const denied = await call(guest.page, 'GET', `/consultations/${room}`);
  const [attachment] = gateway.sql('SELECT id FROM attachment');
  const pixels = await call(guest.page, 'GET', `/attachments/${attachment.id}/rendered?frame=0`);
  checks.ok(denied.status === 404 && pixels.status === 404, 'the removed guest sees neither case nor image', `${denied.status} ${pixels.status}`);
  await guest.shot('e2e-stage-5-removed');
  await Promise.all(quiet.people.map((p) => call(p.page, 'POST', `/consultations/${room}/actions/uninvite`, {})));
  await quiet.close();
  await until('one picture again', async () => (await layout(clinician)).tiles === 2, 8000);
  const [c, s] = await Promise.all([clinician.watchFrames(2000), specialist.watchFrames(2000)]);
  checks.ok(c.frames > 4 && c.party === 1 && s.frames > 4 && s.party === 0, 'the two go on as before', JSON.stringify([c, s]));
  checks.ok(gateway.sql('SELECT state FROM consultation')[0].state === 'in-session', 'nothing was interrupted');
}

async function recording() {
  await work.endSession(specialist);
  const row = await until('the recording is complete', () => gateway.sql("SELECT * FROM recording WHERE state='complete'")[0], 20000);
  const file = path.join(gateway.data, 'recordings', row.file);
  const info = probe(file);
  checks.ok(info.streams.length === 6 && info.streams.filter((s) => s.codec_type === 'video').length === 3, 'the recording holds six tracks', info.streams.map((s) => s.codec_name).join(' '));
  const tracks = JSON.parse(row.tracks), seats = [...new Set(tracks.map((t) => t.party))].sort();
  checks.ok(JSON.stringify(seats) === '[0,1,2]', 'of seats 0, 1 and 2', JSON.stringify(tracks));
  const parties = [0, 1, 2].map((i) => counters(file, i).filter((code) => code.margin > 30).map((code) => code.party));
  checks.ok(parties.every((list) => list.length > 60 && new Set(list).size === 1) && new Set(parties.map((list) => list[0])).size === 3, 'each video track is one person', parties.map((list) => `${list.length} of ${list[0]}`).join(', '));
  checks.ok([0, 1, 2].every((i) => meanVolume(file, i) > -45), 'each audio track holds a tone', [0, 1, 2].map((i) => meanVolume(file, i)).join(' '));
  const audit = gateway.sql("SELECT action, count(*) AS n FROM audit WHERE action IN ('consultation.invite','consultation.uninvite') GROUP BY action ORDER BY action");
  checks.ok(audit[0]?.n === 4 && audit[1]?.n === 4, 'the audit trail names each invitation and its end', JSON.stringify(audit));
}

try {
  await gateway.prepare();
  await gateway.start();
  for (const step of [meet, invite, three, comesBack, six, removed, recording]) {
    console.log(`-- ${step.name}`);
    await step();
  }
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const person of [clinician, specialist, guest]) {
    await person.shot?.(`e2e-stage-failed-${person.name}`).catch(() => {});
    console.log(`${person.name}'s console:\n  ${person.console.slice(-15).join('\n  ')}`);
  }
} finally {
  await Promise.all([clinician.close(), specialist.close(), guest.close(), quiet.close()]);
  await gateway.stop();
  checks.end();
}
