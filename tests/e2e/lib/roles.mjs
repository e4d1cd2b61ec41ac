// What the tests of the roles share: agreements that ask for approval, triage and a second reader (beyond the demonstration data, in the test's own
// data folder), steps of people, and the frame of a day.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

export const PASSWORD = 'demo-consult';
const sqlite = (gateway, ...statements) => execFileSync('sqlite3', [path.join(gateway.data, 'consult.db'), '.timeout 5000', ...statements]);

// terms: {code of a partnership: terms of its agreements}; before the gateway starts.
export function prepareRoles(gateway, terms) {
  for (const [code, words] of Object.entries(terms)) {
    sqlite(gateway, `UPDATE agreement SET terms = '${JSON.stringify(words)}' WHERE partnership_id = (SELECT id FROM partnership WHERE code = '${code}')`);
  }
}

// The time of a timer has come, as if it had been waited for.
export const dueNow = (gateway, id, timer) => sqlite(gateway, `UPDATE consultation_timer SET due_ms = 1 WHERE consultation_id = '${id}' AND kind = '${timer}'`);

export async function enter(browser, login, options) {
  const tab = await browser.tab(login, options);
  await tab.signIn(login, PASSWORD);
  if (await tab.page.evaluate(() => document.documentElement.lang) !== 'zh-CN') await tab.language('zh-CN');
  return tab;
}

// The row of a worklist that has these words.
export const row = (tab, words) => tab.page.getByRole('row').filter({ hasText: words }).first();
export const listTab = (tab, name) => tab.page.getByRole('tab', { name: new RegExp(name) });
export const button = (tab, zh, en) => tab.page.getByRole('button', { name: new RegExp(`^(${zh}|${en})$`) }).first();

export async function openRow(tab, words) {
  await row(tab, words).getByRole('link').first().focus();
  await tab.page.keyboard.press('Enter');
}

// A request over REST, as its page would make it. Returns the consultation.
export async function request(tab, { submit = true, kind = 'live', modality, specialty = 'cardiology', urgency = 'routine', complaint, file, question = '是否需要转诊？',
  patient = { name: '示范患者丁', sex: 'female', birth_date: '1961-05-04', id_type: 'none' } }) {
  const made = await tab.api('POST', '/consultations', { kind, specialty, urgency, patient,
    request: { complaint, question, ...(modality ? { modality } : {}), present_history: '两周来反复发作，休息后缓解。' } });
  if (made.status !== 201) throw new Error(`create: ${made.status} ${JSON.stringify(made.body)}`);
  const { id } = made.body;
  for (const scope of ['consultation', 'imaging']) {
    await tab.api('PUT', `/consultations/${id}/consents/${scope}`, { party: 'patient', given: true, relation: 'self', method: 'written', text_version: 'console-1' });
  }
  if (file) await upload(tab, id, file);
  if (!submit) return made.body;
  const sent = await tab.api('POST', `/consultations/${id}/actions/submit`, {});
  if (sent.status !== 200) throw new Error(`submit: ${sent.status} ${JSON.stringify(sent.body)}`);
  return sent.body;
}

// One file in one piece, with its hash.
async function upload(tab, id, octets) {
  const status = await tab.page.evaluate(async ([consultation, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const hex = [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');
    const { csrf_token } = await (await fetch('/api/v1/session')).json();
    const begun = await (await fetch(`/api/v1/consultations/${consultation}/uploads`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token },
      body: JSON.stringify({ name: 'ecg.dcm', bytes: bytes.length, sha256: hex }) })).json();
    const done = await fetch(`/api/v1/uploads/${begun.id}?offset=0`, { method: 'PUT', headers: { 'Content-Type': 'application/octet-stream', 'X-Chunk-SHA256': hex, 'X-CSRF-Token': csrf_token }, body: bytes });
    return done.status;
  }, [id, octets.toString('base64')]);
  if (status !== 200) throw new Error(`upload: ${status}`);
}

export async function act(tab, id, action, body = {}) {
  const answer = await tab.api('POST', `/consultations/${id}/actions/${action}`, body);
  if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// Presses Tab until the element has the focus, as somebody without a mouse would.
export async function tabTo(tab, locator, limit = 80) {
  const handle = await locator.first().elementHandle();
  for (let i = 0; i < limit; i++) {
    if (await handle.evaluate((e) => document.activeElement === e)) return i;
    await tab.page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${locator}`);
}

// A day from its first step to its end: the gateway with those terms, the steps one after the other, what was seen on the pages, and no script error.
// people(): the tabs of everybody, known once they are signed in.
export async function day({ checks, gateway, browser, looks, terms, steps, people }) {
  const began = Date.now();
  try {
    await gateway.prepare();
    prepareRoles(gateway, terms);
    await gateway.start();
    await browser.open(gateway.origin);
    for (const step of steps) {
      const started = Date.now();
      await step();
      console.log(`-- ${step.name}: ${Date.now() - started} ms`);
    }
    looks.verdict(checks);
    checks.figure('seconds', Math.round((Date.now() - began) / 1000));
    const errors = people().flatMap((t) => t.console.filter((l) => l.startsWith('pageerror')));
    checks.ok(errors.length === 0, 'no script error on any page', errors.join('; '));
  } catch (error) {
    checks.ok(false, 'the test ran to its end', error.stack);
    for (const tab of people()) {
      await tab?.shot(`roles-failed-${tab.name}`).catch(() => {});
      console.log(`${tab?.name}'s console:\n  ${tab?.console.slice(-8).join('\n  ')}`);
    }
    for (const line of looks.findings) console.log(`  ${line}`);
  } finally {
    await browser.close();
    await gateway.stop();
    checks.end();
  }
}
