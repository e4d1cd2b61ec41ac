/* What was typed and could not be saved any more when the session ran out: kept in this page's memory alone, for the same
 * account, until it signs in again. Signing out on purpose keeps nothing. */
const kept = new Map<string, unknown>();

export function stash(account: string, place: string, value: unknown): void {
  kept.set(`${account}/${place}`, value);
}

export function unstash<T>(account: string, place: string): T | null {
  return (kept.get(`${account}/${place}`) as T | undefined) ?? null;
}

export function dropStash(account: string, place: string): void {
  kept.delete(`${account}/${place}`);
}

export function clearStash(): void {
  kept.clear();
}
