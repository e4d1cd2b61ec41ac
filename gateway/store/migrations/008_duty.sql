-- Who is there: pause and break, the roster of shifts and on-call, the times that can be booked, duty handed over.
ALTER TABLE duty ADD COLUMN pause TEXT CHECK (pause IN ('pause', 'break')); -- on duty, but nothing rings; NULL = none
ALTER TABLE duty ADD COLUMN pause_until_ms BIGINT;                          -- NULL = until it is ended by hand
CREATE TABLE duty_shift (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL CHECK (kind IN ('duty', 'on-call', 'bookable')),
    specialty TEXT REFERENCES specialty (code),           -- NULL = each one of the person's
    partnership_id TEXT REFERENCES partnership (id),      -- NULL = every partnership
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    created_by TEXT REFERENCES account (id),              -- NULL = consultctl
    created_ms BIGINT NOT NULL,
    reminded_ms BIGINT,                                   -- when its begin was looked at: once, also after a restart
    CHECK (until_ms > from_ms)
);
CREATE INDEX duty_shift_account ON duty_shift (account_id, kind, until_ms);
CREATE INDEX duty_shift_time ON duty_shift (kind, until_ms, from_ms);
CREATE INDEX duty_shift_reminder ON duty_shift (from_ms) WHERE kind = 'duty' AND reminded_ms IS NULL;
CREATE TABLE duty_hand_over (               -- asked of a colleague who is off duty; gone when answered or run out
    from_account_id TEXT PRIMARY KEY REFERENCES account (id),
    to_account_id TEXT NOT NULL REFERENCES account (id),
    at_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);
CREATE INDEX duty_hand_over_to ON duty_hand_over (to_account_id);
