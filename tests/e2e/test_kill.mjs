// kill -9 in the middle of a recorded consultation, and a start: both browsers come back to the same room by themselves, nothing
// acknowledged is lost, the recording plays up to the last second.
import path from 'node:path';
import { Person } from './lib/browser.mjs';
import * as work from './lib/consultation.mjs';
import { Checks, Gateway, sleep, until } from './lib/gateway.mjs';
import { counters, probe } from './lib/recording.mjs';

const checks = new Checks();
const gateway = new Gateway();
const clinician = new Person('clinician', 0, 440);
const specialist = new Person('specialist', 1, 880);

async function meet() {
  const who = work.account(gateway.demo, (p, a) => a.roles.includes('clinician') && /township/.test(JSON.stringify(gateway.demo.organisations.find((o) => o.code === p.organisation))));
  const whom = work.account(gateway.demo, (p, a) => a.roles.includes('specialist') && p.specialties.includes('cardiology'));
  await clinician.open(gateway.origin);
  await specialist.open(gateway.origin);
  await clinician.signIn(who.login, who.password);
  await specialist.signIn(whom.login, whom.password);
  await work.goOnDuty(specialist);
  await work.newConsultation(clinician, { specialty: 'cardiology', files: ['CT_small.dcm'] });
  await work.submit(clinician);
  await work.openOffered(specialist);
  await work.accept(specialist);
  await work.enterSession(specialist);
  await work.enterSession(clinician);
  await until('both see each other', async () => (await clinician.readBarcode()) && (await specialist.readBarcode()));
  await work.agreeToRecording(specialist);
  await sleep(6000);
}

const advancing = async (person) => {
  const watch = await person.watchFrames(900, 60);
  return watch.frames >= 4 && watch.rising >= 3;
};

async function kill() {
  const before = gateway.sql('SELECT count(*) AS n FROM audit')[0].n;
  const [row] = gateway.sql('SELECT id, state FROM consultation');
  checks.ok(row.state === 'in-session', 'it is in session before the kill', row.state);
  await gateway.kill('SIGKILL');
  const killed = Date.now();
  await sleep(1200);
  const frozen = await clinician.watchFrames(700, 60);
  checks.ok(frozen.frames <= 1, 'control: without the gateway the picture stands still', JSON.stringify(frozen));
  const restarted = Date.now();
  await gateway.start();
  checks.figure('start_to_ready_ms', Date.now() - restarted);
  await Promise.all([
    until('the clinician sees the specialist again', () => advancing(clinician), 30000, 10),
    until('the specialist sees the clinician again', () => advancing(specialist), 30000, 10),
  ]);
  checks.figure('restart_to_both_pictures_ms', Date.now() - restarted);
  checks.figure('killed_to_both_pictures_ms', Date.now() - killed);
  checks.ok(true, 'both browsers are back in the same room by themselves');
  const [after] = gateway.sql('SELECT id, state FROM consultation');
  checks.ok(after.id === row.id && after.state === 'in-session', 'the same consultation is in session again', after.state);
  checks.ok(gateway.sql('SELECT count(*) AS n FROM audit')[0].n > before, 'the audit trail goes on', `${before} rows before`);
  await clinician.shot('e2e-kill-clinician-after');
  await specialist.shot('e2e-kill-specialist-after');
}

async function recovered() {
  const row = await until('the first part is recovered', () => gateway.sql("SELECT * FROM recording WHERE part=1 AND state='recovered'")[0], 20000);
  const file = path.join(gateway.data, 'recordings', row.file);
  const info = probe(file);
  checks.ok(info.streams.length === 4, 'the recovered recording has all four tracks', info.streams.map((s) => s.codec_name).join(' '));
  checks.ok(Number(info.format.duration) > 4.5, 'it plays up to the last second before the kill', `${info.format.duration} s of about 6`);
  const codes = counters(file, 0).filter((c) => c.margin > 30);
  checks.ok(codes.length > 60, 'its pictures decode', `${codes.length} frames`);
  await sleep(2500);
  await work.endSession(specialist);
  const second = await until('the part after the restart is complete', () => gateway.sql("SELECT * FROM recording WHERE part=2 AND state='complete'")[0], 20000);
  checks.ok(probe(path.join(gateway.data, 'recordings', second.file)).streams.length === 4, 'the second part has all four tracks', `${second.duration_ms} ms`);
}

try {
  await gateway.prepare();
  await gateway.start();
  for (const step of [meet, kill, recovered]) {
    console.log(`-- ${step.name}`);
    await step();
  }
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
  for (const person of [clinician, specialist]) {
    await person.shot?.(`e2e-kill-failed-${person.name}`).catch(() => {});
    console.log(`${person.name}'s console:\n  ${person.console.slice(-15).join('\n  ')}`);
  }
} finally {
  await clinician.close();
  await specialist.close();
  await gateway.stop();
  checks.end();
}
