// Several others on one page: their pictures and voices one by one, and people who are in the room without a browser of their own.
import { chromium } from 'playwright-core';

const ofName = (name) => new RegExp(`^(对方视频|Remote video) ${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);

// The frames of the one whose name the picture carries, and that one's voice.
export const watchOf = (person, name, ms, pause = 60) => person.watchFrames(ms, pause, ofName(name));
export const listenTo = (person, name, ms = 1500) => person.listen(ms, ofName(name));

// A call of the signed-in person's page, with its CSRF token.
export function call(page, method, path, body) {
  return page.evaluate(async ({ method, path, body }) => {
    const session = await (await fetch('/api/v1/session')).json();
    const answer = await fetch(`/api/v1${path}`, { method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf_token }, body: body ? JSON.stringify(body) : undefined });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  }, { method, path, body });
}

// People with a WebSocket and nothing else: present in the room, without camera. One browser for all of them.
export class Quiet {
  async open(origin) {
    this.origin = origin;
    this.browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--ignore-certificate-errors'] });
    this.people = [];
  }

  async signIn(login, password) {
    const page = await (await this.browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(this.origin); // the sign-in page, left as it is
    const account = await page.evaluate(async (body) => {
      const answer = await fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
      return (await answer.json()).account?.id;
    }, { login, password });
    this.people.push({ page, login, account });
    return { page, login, account };
  }

  // Joins the room; resolves with the first room.state or error, and keeps every message in window.heard.
  join(page, consultation) {
    return page.evaluate(async (id) => {
      const session = await (await fetch('/api/v1/session')).json();
      window.heard = [];
      window.socket = new WebSocket(`wss://${location.host}/ws`, 'consult.v1');
      await new Promise((resolve) => { window.socket.onopen = resolve; });
      return new Promise((resolve) => {
        window.socket.onmessage = (event) => {
          const message = JSON.parse(event.data);
          window.heard.push(message);
          if (message.type === 'welcome') window.socket.send(JSON.stringify({ type: 'room.join', consultation: id }));
          if (message.type === 'room.state' || message.type === 'error') resolve(message);
        };
        window.socket.send(JSON.stringify({ type: 'hello', client: 'quiet', csrf: session.csrf_token }));
      });
    }, consultation);
  }

  async close() {
    await this.browser?.close();
  }
}
