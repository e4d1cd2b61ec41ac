-- Consultations with consents, opinions, timers, the audit chain, sessions and recordings.
CREATE TABLE consultation (
    id TEXT PRIMARY KEY,                    -- 32 hex digits, random
    number TEXT NOT NULL UNIQUE,            -- for people: C-YYYYMMDD-NNNN
    version BIGINT NOT NULL,                -- rises with each change; ETag
    state TEXT NOT NULL,
    state_since_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,                     -- 'live' here; 'read', 'mdt', 'teaching' have room
    urgency TEXT NOT NULL,                  -- 'routine', 'urgent', 'stat'
    specialty TEXT NOT NULL REFERENCES specialty (code),
    requester_id TEXT NOT NULL REFERENCES account (id),
    requester_organisation_id TEXT NOT NULL REFERENCES organisation (id),
    consultant_id TEXT REFERENCES account (id),
    consultant_organisation_id TEXT REFERENCES organisation (id),
    partnership_id TEXT REFERENCES partnership (id),
    agreement_id TEXT REFERENCES agreement (id),
    agreement_version INTEGER,
    partnership_mode TEXT,                  -- as it was when submitted (metrics, reports)
    patient TEXT NOT NULL,                  -- JSON: name, sex, birth_date, id_type, id_number, phone, region, record_no, allergy, pregnancy
    request TEXT NOT NULL,                  -- JSON: complaint, question, present_history, past_history, examination, vital_signs, tests, initial_diagnosis, treatment, wanted_title
    decision TEXT,                          -- JSON: adopted ('yes', 'partly', 'no'), text, told_patient; the requester's own
    deadline_ms BIGINT,                     -- of the present waiting state
    created_ms BIGINT NOT NULL,
    submitted_ms BIGINT,
    offered_ms BIGINT,
    accepted_ms BIGINT,
    started_ms BIGINT,
    ended_ms BIGINT,
    signed_ms BIGINT,
    acknowledged_ms BIGINT,
    closed_ms BIGINT,
    reason_code TEXT,                       -- of the last return, decline, withdrawal, failure
    reason_text TEXT,
    consent_deferred TEXT                   -- stat, submitted before the patient could consent: why
);
CREATE INDEX consultation_state ON consultation (state, urgency, deadline_ms);
CREATE INDEX consultation_requester ON consultation (requester_organisation_id, created_ms);
CREATE INDEX consultation_consultant ON consultation (consultant_id, created_ms);
CREATE INDEX consultation_accepted ON consultation (specialty, accepted_ms);
CREATE TABLE consultation_number (          -- of the day, for C-YYYYMMDD-NNNN
    day TEXT PRIMARY KEY,
    last INTEGER NOT NULL
);
CREATE TABLE consultation_offer (           -- to whom it was offered; counts while 'open' and the account is on duty
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'declined', 'won', 'gone')),
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (consultation_id, account_id)
);
CREATE INDEX consultation_offer_account ON consultation_offer (account_id, state);
CREATE TABLE consultation_decline (
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    at_ms BIGINT NOT NULL,
    reason_code TEXT NOT NULL,
    reason_text TEXT,
    PRIMARY KEY (consultation_id, account_id)
);
CREATE TABLE consultation_timer (
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    kind TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    PRIMARY KEY (consultation_id, kind)
);
CREATE INDEX consultation_timer_due ON consultation_timer (due_ms);
CREATE TABLE consent (
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    seq INTEGER NOT NULL,                   -- 1, 2, 3 ... in the consultation; the last of scope and party counts
    scope TEXT NOT NULL CHECK (scope IN ('consultation', 'imaging', 'recording', 'teaching')),
    party TEXT NOT NULL CHECK (party IN ('patient', 'consultant')),
    given INTEGER NOT NULL,                 -- 1 given, 0 refused or withdrawn
    who TEXT,                               -- JSON: relation ('self', 'guardian', 'relative'), name, method ('written', 'spoken', 'click')
    text_version TEXT NOT NULL,
    recorded_by TEXT NOT NULL REFERENCES account (id),
    at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX consent_consultation ON consent (consultation_id, seq);
CREATE TABLE opinion (
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    version INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'signed')),
    body TEXT NOT NULL,                     -- JSON: findings, diagnosis, differential, treatment, further_tests, referral_advice, urgency
    author_id TEXT NOT NULL REFERENCES account (id),
    saved_ms BIGINT NOT NULL,
    amend_reason TEXT,                      -- for version 2 and later
    signed_ms BIGINT,
    canonical TEXT,                         -- the exact octets that were signed (canonical JSON, RFC 8785 subset)
    signature TEXT,                         -- Ed25519 over canonical, hex
    public_key TEXT,                        -- of the institution, hex
    UNIQUE (consultation_id, version)
);
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,                 -- 1, 2, 3 ... without a gap
    at_ms BIGINT NOT NULL,
    consultation_id TEXT,                   -- NULL for what belongs to no consultation
    actor_id TEXT,                          -- account; NULL for the system
    action TEXT NOT NULL,                   -- 'consultation.submit', 'recording.play' ...
    from_state TEXT,
    to_state TEXT,
    reason_code TEXT,
    detail TEXT NOT NULL,                   -- JSON, ids and hashes rather than content
    previous_hash TEXT NOT NULL,            -- SHA-256 hex of the row before; 64 zeros for the first
    hash TEXT NOT NULL
);
CREATE INDEX audit_consultation ON audit (consultation_id, seq);
CREATE TABLE audit_head (                   -- length and last hash once more, so that a cut-off tail shows
    id INTEGER PRIMARY KEY CHECK (id = 1),
    count BIGINT NOT NULL,
    hash TEXT NOT NULL,
    anchored_count BIGINT NOT NULL,         -- as last written to the log
    anchored_ms BIGINT NOT NULL
);
INSERT INTO audit_head (id, count, hash, anchored_count, anchored_ms)
    VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0, 0);
-- What was signed and what was done stays as it is (SQLite's form of trigger).
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER opinion_no_update BEFORE UPDATE ON opinion WHEN OLD.status = 'signed'
    BEGIN SELECT RAISE (ABORT, 'a signed opinion is immutable'); END;
CREATE TRIGGER opinion_no_delete BEFORE DELETE ON opinion WHEN OLD.status = 'signed'
    BEGIN SELECT RAISE (ABORT, 'a signed opinion is immutable'); END;
CREATE TRIGGER consent_no_update BEFORE UPDATE ON consent BEGIN SELECT RAISE (ABORT, 'consents are only added to'); END;
CREATE TRIGGER consent_no_delete BEFORE DELETE ON consent BEGIN SELECT RAISE (ABORT, 'consents are only added to'); END;
CREATE TABLE participation (
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    party INTEGER NOT NULL,                 -- seat in the room, 0..5
    role TEXT NOT NULL,                     -- 'requester', 'consultant', 'guest'
    present INTEGER NOT NULL DEFAULT 0,     -- in the room now, as far as the store knows
    since_ms BIGINT NOT NULL DEFAULT 0,     -- of the last change of it
    PRIMARY KEY (consultation_id, account_id),
    UNIQUE (consultation_id, party)
);
CREATE TABLE recording (
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    part INTEGER NOT NULL,                  -- 1 unless recording was stopped and started again
    state TEXT NOT NULL CHECK (state IN ('recording', 'complete', 'recovered', 'failed')),
    file TEXT NOT NULL,                     -- server-made name inside the recordings folder
    media_type TEXT,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    duration_ms BIGINT,
    bytes BIGINT,
    sha256 TEXT,
    gaps TEXT NOT NULL DEFAULT '[]',        -- JSON: [{"party":0,"kind":"video","from_ms":..,"to_ms":..}]
    tracks TEXT NOT NULL DEFAULT '[]',      -- JSON: [{"party":0,"kind":"audio","codec":"opus"}]
    stop_reason TEXT,
    UNIQUE (consultation_id, part)
);
CREATE TABLE recording_playback (           -- who plays what: a new audit row when the last request is long ago
    recording_id TEXT NOT NULL REFERENCES recording (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (recording_id, account_id)
);
