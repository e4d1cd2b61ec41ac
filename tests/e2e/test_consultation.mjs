// One consultation from end to end: a township clinician and a city specialist in two real Chromium instances.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Person } from './lib/browser.mjs';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, reports, sleep, until } from './lib/gateway.mjs';
import { counters, meanVolume, probe } from './lib/recording.mjs';

const checks = new Checks();
const gateway = new Gateway();
const clinician = new Person('clinician', 0, 440);
const specialist = new Person('specialist', 1, 880);

async function watchBoth(what, ms) {
  const [c, s] = await Promise.all([clinician.watchFrames(ms), specialist.watchFrames(ms)]);
  checks.ok(c.frames > ms / 400 && c.rising >= 0.9 * (c.frames - 1) && c.party === 1, `${what}: the clinician sees the specialist's counters rise`, JSON.stringify(c));
  checks.ok(s.frames > ms / 400 && s.rising >= 0.9 * (s.frames - 1) && s.party === 0, `${what}: the specialist sees the clinician's counters rise`, JSON.stringify(s));
}

async function request() {
  const who = work.account(gateway.demo, (p, a) => a.roles.includes('clinician') && /township/.test(JSON.stringify(gateway.demo.organisations.find((o) => o.code === p.organisation))));
  const whom = work.account(gateway.demo, (p, a) => a.roles.includes('specialist') && p.specialties.includes('cardiology'));
  await clinician.open(gateway.origin);
  await specialist.open(gateway.origin, 'en-US');
  await clinician.shot('e2e-01-sign-in');
  await clinician.signIn(who.login, who.password);
  await clinician.shot('e2e-02-clinician-worklist');
  await specialist.signIn(whom.login, whom.password);
  await work.goOnDuty(specialist);
  await specialist.shot('e2e-03-specialist-queue-empty');
  await work.newConsultation(clinician, { specialty: 'cardiology' });
  await clinician.shot('e2e-04-new-consultation');
  await work.submit(clinician);
  await clinician.shot('e2e-05-waiting');
}

async function answer() {
  await work.openOffered(specialist);
  await specialist.shot('e2e-06-case-before-accepting');
  const thumbnails = await specialist.page.evaluate(() => [...document.images].filter((i) => i.naturalWidth > 20).length);
  checks.ok(thumbnails >= 2, 'the specialist sees both images before accepting', `${thumbnails} pictures`);
  await work.accept(specialist);
  await work.enterSession(specialist);
  await work.enterSession(clinician);
  const started = Date.now();
  await until('both see each other', async () => (await clinician.readBarcode()) && (await specialist.readBarcode()), 20000);
  checks.figure('room_to_first_picture_ms', Date.now() - started);
}

async function session() {
  await work.agreeToRecording(specialist);
  await watchBoth('live', 4000);
  const [c, s] = await Promise.all([clinician.listen(), specialist.listen()]);
  checks.ok(c.rms > 0.02 && Math.abs(c.hz - 880) < 40, 'the clinician hears the specialist', JSON.stringify(c));
  checks.ok(s.rms > 0.02 && Math.abs(s.hz - 440) < 40, 'the specialist hears the clinician', JSON.stringify(s));
  await work.showImage(clinician, 'CT_small');
  let size = await work.imageShown(specialist, 'the specialist sees the image that the clinician shows');
  await until('it is the one that is shown now', async () => (size = await work.imageShown(specialist)).width >= 128, 8000).catch(() => {});
  checks.ok(size.width >= 128, 'the CT is drawn on the other side', JSON.stringify(size));
  await clinician.shot('e2e-07-session-clinician');
  await specialist.shot('e2e-08-session-specialist');
}

// CT_small at a window by PS3.3 C.11.2.1.2, from pydicom's values: 128 x 128 grays.
function windowed(center, width) {
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', `
import json, sys, numpy as np, pydicom
from pydicom.data import get_testdata_file
d = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
v = d.pixel_array.astype(float) * float(d.RescaleSlope) + float(d.RescaleIntercept)
c, w = float(sys.argv[1]), float(sys.argv[2])
y = ((v - (c - 0.5)) / (w - 1) + 0.5) * 255
print(json.dumps(np.clip(y, 0, 255).ravel().tolist()))`, String(center), String(width)], { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

function correlation(a, b) {
  const mean = (x) => x.reduce((sum, v) => sum + v, 0) / x.length;
  const ma = mean(a), mb = mean(b);
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

// What the specialist's screen shows: the screenshot's image area against the reference; the lowest eighth carries the caption.
async function compareScreen() {
  const [row] = gateway.sql("SELECT window_center, window_width FROM attachment WHERE name LIKE 'CT_small%'");
  const box = await specialist.page.evaluate(() => {
    const element = [...document.querySelectorAll('img,canvas')].find((e) => /^(影像|Image)$/.test(e.getAttribute('aria-label') ?? e.getAttribute('alt') ?? ''));
    const r = element.getBoundingClientRect();
    const side = Math.min(r.width, r.height); // the picture is square and shown whole in the middle of its element
    return { x: r.x + (r.width - side) / 2, y: r.y + (r.height - side) / 2, width: side, height: side };
  });
  const shot = await specialist.page.screenshot({ clip: box });
  const gray = await specialist.page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(128, 128);
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, 128, 128);
    return Array.from(context.getImageData(0, 0, 128, 128).data.filter((_, i) => i % 4 === 1));
  }, shot.toString('base64'));
  const kept = 128 * 112;
  const reference = windowed(row.window_center, row.window_width).slice(0, kept);
  const mirrored = reference.map((_, i) => reference[i - (i % 128) + 127 - (i % 128)]);
  const likeness = correlation(gray.slice(0, kept), reference), control = correlation(gray.slice(0, kept), mirrored);
  checks.ok(likeness > 0.97, "the specialist's screen shows the CT (screenshot compared)", `correlation ${likeness.toFixed(4)} at window ${row.window_center}/${row.window_width}`);
  checks.ok(control < 0.9, 'control: the mirrored picture does not pass for it', control.toFixed(4));
}

// The rendered CT against the file's own values, at a window of its own.
async function compareImage() {
  const [row] = gateway.sql("SELECT id, window_center, window_width FROM attachment WHERE name LIKE 'CT_small%'");
  const got = await specialist.page.evaluate(async (id) => {
    const answer = await fetch(`/api/v1/attachments/${id}/rendered?frame=0&center=40&width=400`);
    const bitmap = await createImageBitmap(await answer.blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const data = canvas.getContext('2d').getImageData(0, 0, bitmap.width, bitmap.height).data;
    return { width: bitmap.width, height: bitmap.height, gray: Array.from(data.filter((_, i) => i % 4 === 0)) };
  }, row.id);
  const expected = windowed(40, 400);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(expected[i] - got.gray[i]));
  checks.ok(got.gray.length === expected.length && worst <= 1.01, 'the CT picture equals PS3.3 C.11.2 on the file', `largest difference ${worst.toFixed(2)} of 255`);
}

async function reload() {
  const started = Date.now();
  await clinician.page.reload();
  await until('the clinician is back in the room with picture', () => clinician.readBarcode(), 20000, 50);
  const took = Date.now() - started;
  checks.figure('reload_to_picture_ms', took);
  checks.ok(took < 5000, 'a reload comes back to the same room in under 5 s', `${took} ms`);
  await sleep(1500);
  await watchBoth('after the reload', 3000);
}

async function finish() {
  const [row] = gateway.sql('SELECT started_ms FROM consultation');
  await sleep(Math.max(0, 21000 - (Date.now() - row.started_ms)));
  await work.endSession(specialist);
  await work.signOpinion(specialist);
  await specialist.page.getByRole('status').filter({ hasText: /Signature valid|签名有效/ }).first().waitFor({ timeout: 15000 });
  await specialist.shot('e2e-09-opinion-signed');
  await work.toCase(clinician);
  await clinician.page.getByRole('status').filter({ hasText: /签名有效|Signature valid/ }).first().waitFor({ timeout: 15000 });
  await work.recordDecision(clinician);
  await until('the decision is recorded', () => gateway.sql("SELECT 1 AS one FROM consultation WHERE state IN ('acknowledged','closed')").length === 1);
  await clinician.shot('e2e-10-decision');
}

async function record() {
  const [row] = gateway.sql('SELECT * FROM consultation');
  const [partnership] = gateway.sql(`SELECT p.code, a.version FROM partnership p JOIN agreement a ON a.partnership_id=p.id WHERE p.id='${row.partnership_id}' AND a.id='${row.agreement_id}'`);
  checks.ok(partnership && partnership.version === row.agreement_version, 'the record names partnership and agreement version', JSON.stringify(partnership));
  const [opinion] = gateway.sql("SELECT status, length(signature) AS n FROM opinion WHERE version=1");
  checks.ok(opinion && opinion.status === 'signed' && opinion.n === 128, 'the opinion is signed', JSON.stringify(opinion));
  const opinions = await specialist.page.evaluate(async (id) => (await fetch(`/api/v1/consultations/${id}/opinions`)).json(), row.id);
  checks.ok(JSON.stringify(opinions).includes('"verified":true'), 'its signature verifies');
  let refused = '';
  try {
    execFileSync('sqlite3', [path.join(gateway.data, 'consult.db'), "UPDATE opinion SET body='{}'"], { stdio: 'pipe' });
  } catch (error) {
    refused = String(error.stderr);
  }
  checks.ok(refused !== '', 'a signed opinion cannot be changed in the store', refused.trim());
  const audit = await specialist.page.evaluate(async (id) => (await fetch(`/api/v1/consultations/${id}/audit`)).json(), row.id);
  checks.ok(JSON.stringify(audit).length > 500, 'the audit trail is there', Object.keys(audit).join(' '));
}

async function recording() {
  const row = await until('the recording is complete', () => gateway.sql("SELECT * FROM recording WHERE state='complete'")[0], 20000);
  const file = path.join(gateway.data, 'recordings', row.file);
  const info = probe(file);
  const video = info.streams.filter((s) => s.codec_type === 'video'), audio = info.streams.filter((s) => s.codec_type === 'audio');
  checks.ok(video.length === 2 && audio.length === 2, 'the recording has all four tracks', info.streams.map((s) => s.codec_name).join(' '));
  const duration = Number(info.format.duration), [times] = gateway.sql('SELECT started_ms, ended_ms FROM consultation');
  const expected = (row.ended_ms && row.started_ms ? row.ended_ms - row.started_ms : times.ended_ms - times.started_ms) / 1000;
  checks.ok(Math.abs(duration - row.duration_ms / 1000) < 0.2 && Math.abs(duration - expected) < 1, 'its duration is right within 1 s', `${duration} s, in session ${((times.ended_ms - times.started_ms) / 1000).toFixed(1)} s, recorded ${expected.toFixed(1)} s`);
  checks.ok(createHash('sha256').update(readFileSync(file)).digest('hex') === row.sha256, 'its SHA-256 is in the record');
  for (const index of [0, 1]) {
    const codes = counters(file, index).filter((c) => c.margin > 30);
    let rising = 0;
    for (let i = 1; i < codes.length; i++) rising += (codes[i].counter - codes[i - 1].counter + 250) % 250 < 125 ? 1 : 0;
    checks.ok(codes.length > 100 && rising >= 0.97 * (codes.length - 1), `video track ${index}: frame counters are read back and rise`, `${codes.length} frames of party ${codes[0]?.party}`);
    const volume = meanVolume(file, index);
    checks.ok(volume > -40, `audio track ${index} holds the tone`, `${volume} dB`);
  }
  const played = await specialist.page.evaluate(async (id) => {
    const first = await fetch(`/api/v1/recordings/${id}/content`, { headers: { Range: 'bytes=0-1023' } });
    return { status: first.status, range: first.headers.get('content-range'), bytes: (await first.arrayBuffer()).byteLength };
  }, row.id);
  checks.ok(played.status === 206 && played.bytes === 1024, 'a party plays it by range', JSON.stringify(played));
  checks.ok(gateway.sql(`SELECT count(*) AS n FROM audit WHERE action LIKE 'recording.play%'`)[0].n >= 1, 'the playback is in the audit trail');
}

function metrics() {
  const { status, text } = gateway.get('/metrics');
  let lint = '';
  try {
    execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    lint = String(error.stdout) + String(error.stderr);
  }
  checks.ok(status === 200 && lint === '', 'promtool accepts the metrics', lint.trim().slice(0, 300));
  for (const name of ['consult_consultations', 'consult_time_to_accept', 'consult_queue_depth', 'consult_leg_rtt', 'consult_leg_loss', 'consult_recording', 'consult_store', 'consult_upload']) {
    checks.ok(text.includes(name), `metrics hold ${name}*`);
  }
  checks.ok(!text.includes('示范患者'), 'no patient in the metrics');
  checks.ok(!readFileSync(gateway.logFile, 'utf8').includes('示范患者'), 'no patient in the log');
}

try {
  await gateway.prepare();
  await gateway.start();
  for (const step of [request, answer, session, compareScreen, compareImage, reload, finish, record, recording, metrics]) {
    console.log(`-- ${step.name}`);
    await step();
  }
} catch (error) {
  checks.ok(false, 'the consultation ran to its end', error.stack);
  for (const person of [clinician, specialist]) {
    await person.shot?.(`e2e-failed-${person.name}`).catch(() => {});
    console.log(`${person.name}'s console:\n  ${person.console.slice(-15).join('\n  ')}`);
  }
} finally {
  await clinician.close();
  await specialist.close();
  await gateway.stop();
  checks.figure('screenshots', path.relative(process.cwd(), reports));
  checks.end();
}
