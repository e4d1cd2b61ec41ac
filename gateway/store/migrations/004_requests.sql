-- What the gateway remembers about requests rather than about care: sign-in counts, answers by Idempotency-Key, sessions that
-- were ended from outside and that the hub must still cut.
CREATE TABLE login_count (
    subject TEXT PRIMARY KEY,               -- SHA-256 of 'account:NAME' or 'address:PREFIX': no name typed by mistake is kept
    window_start_ms BIGINT NOT NULL,
    count INTEGER NOT NULL
);
CREATE TABLE idempotency (
    account_id TEXT NOT NULL REFERENCES account (id),
    idempotency_key TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,           -- method, path and body: the same key with another request is refused
    status INTEGER NOT NULL,
    reply TEXT NOT NULL,                    -- JSON, '' = none
    etag TEXT NOT NULL DEFAULT '',
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX idempotency_at ON idempotency (at_ms);
CREATE TABLE session_ended (
    token_hash TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX session_last_seen ON session (last_seen_ms);
