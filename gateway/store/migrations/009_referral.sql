-- Two-way referral: up for what is beyond the institution, down for recovery; accepted by the receiving institution, and answered.
CREATE TABLE referral (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,            -- for people: R-YYYYMMDD-NNNN
    version BIGINT NOT NULL,                -- rises with each change; ETag
    state TEXT NOT NULL,                    -- gateway/referral/referral_fsm.def
    state_since_ms BIGINT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('up', 'down')),
    urgency TEXT NOT NULL CHECK (urgency IN ('routine', 'urgent')),
    consultation_id TEXT REFERENCES consultation (id), -- the one it came from; NULL = none
    based_on TEXT REFERENCES referral (id), -- the referral up that this one down answers, and the other way round
    from_organisation_id TEXT NOT NULL REFERENCES organisation (id),
    to_organisation_id TEXT NOT NULL REFERENCES organisation (id),
    department TEXT,                        -- code of the receiving department
    partnership_id TEXT NOT NULL REFERENCES partnership (id),
    agreement_id TEXT NOT NULL REFERENCES agreement (id),
    agreement_version INTEGER NOT NULL,
    created_by TEXT NOT NULL REFERENCES account (id),
    handled_by TEXT REFERENCES account (id),
    patient TEXT NOT NULL,                  -- JSON, as in consultation
    patient_key TEXT NOT NULL,              -- SHA-256 of the identity, to find one person's way; tells nobody
    body TEXT NOT NULL,                     -- JSON: reason_code, summary, diagnosis, done[] (tests and images, not to be repeated), treatment, wishes
    slot_id TEXT,                           -- place reserved for a referred patient
    answer TEXT,                            -- JSON of the return message: outcome, diagnosis, treatment, advice, follow-up
    reason_code TEXT,
    reason_text TEXT,
    deadline_ms BIGINT,
    created_ms BIGINT NOT NULL,
    sent_ms BIGINT,
    accepted_ms BIGINT,
    arrived_ms BIGINT,
    closed_ms BIGINT
);
CREATE INDEX referral_from ON referral (from_organisation_id, state, created_ms);
CREATE INDEX referral_to ON referral (to_organisation_id, state, created_ms);
CREATE INDEX referral_consultation ON referral (consultation_id);
CREATE INDEX referral_patient ON referral (patient_key, created_ms);
