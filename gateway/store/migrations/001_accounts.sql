-- Organisations, people, accounts, sessions, duty; partnerships with members, scope and agreements.
CREATE TABLE organisation (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,              -- institution code, stable across imports
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('village', 'township', 'county', 'city', 'province')),
    region TEXT NOT NULL,                   -- GB/T 2260 code, 6 digits
    signing_public_key TEXT,                -- Ed25519, hex; the private half lies in the key folder, never here
    active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE specialty (
    code TEXT PRIMARY KEY,                  -- e.g. 'cardiology'
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL
);
CREATE TABLE practitioner (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    title TEXT NOT NULL,                    -- 'chief', 'associate-chief', 'attending', 'resident', 'assistant', 'village-doctor', 'staff'
    licence_no TEXT,
    licensed_since TEXT,                    -- date of independent practice; the three-year rule reads it
    active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE practitioner_specialty (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    specialty TEXT NOT NULL REFERENCES specialty (code),
    PRIMARY KEY (practitioner_id, specialty)
);
CREATE TABLE account (
    id TEXT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    password_hash TEXT NOT NULL,            -- Argon2id, libsodium's string form
    language TEXT NOT NULL DEFAULT 'zh-CN',
    disabled INTEGER NOT NULL DEFAULT 0,
    failed_count INTEGER NOT NULL DEFAULT 0,
    locked_until_ms BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE account_role (
    account_id TEXT NOT NULL REFERENCES account (id),
    role TEXT NOT NULL CHECK (role IN ('clinician', 'specialist', 'coordinator', 'operator', 'admin')),
    PRIMARY KEY (account_id, role)
);
CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,            -- SHA-256 of the cookie value
    account_id TEXT NOT NULL REFERENCES account (id),
    csrf_token TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    last_seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL              -- absolute time-out; the idle one is last_seen_ms + setting
);
CREATE INDEX session_account ON session (account_id);
CREATE TABLE duty (
    account_id TEXT PRIMARY KEY REFERENCES account (id),
    on_duty INTEGER NOT NULL,
    since_ms BIGINT NOT NULL
);
CREATE TABLE partnership (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('urban-group', 'county-community', 'specialty-alliance', 'remote-network')),
    type TEXT NOT NULL CHECK (type IN ('close', 'loose')),
    lead_organisation_id TEXT NOT NULL REFERENCES organisation (id),
    active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE partnership_member (
    partnership_id TEXT NOT NULL REFERENCES partnership (id),
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    role TEXT NOT NULL CHECK (role IN ('lead', 'member', 'hub', 'spoke')),
    since TEXT NOT NULL,
    until TEXT,                             -- last day of membership; NULL while it lasts
    PRIMARY KEY (partnership_id, organisation_id)
);
CREATE TABLE partnership_specialty (
    partnership_id TEXT NOT NULL REFERENCES partnership (id),
    specialty TEXT NOT NULL REFERENCES specialty (code),
    PRIMARY KEY (partnership_id, specialty)
);
CREATE TABLE partnership_region (
    partnership_id TEXT NOT NULL REFERENCES partnership (id),
    region TEXT NOT NULL,                   -- prefix of GB/T 2260 codes: 2, 4 or 6 digits
    PRIMARY KEY (partnership_id, region)
);
CREATE TABLE agreement (
    id TEXT PRIMARY KEY,
    partnership_id TEXT NOT NULL REFERENCES partnership (id),
    version INTEGER NOT NULL,
    signed_on TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    document_sha256 TEXT,
    clauses TEXT NOT NULL DEFAULT '[]',     -- JSON: responsibilities of each member
    UNIQUE (partnership_id, version)
);
CREATE TABLE agreement_service (
    agreement_id TEXT NOT NULL REFERENCES agreement (id),
    kind TEXT NOT NULL,                     -- 'live', 'read', 'mdt', 'teaching'
    PRIMARY KEY (agreement_id, kind)
);
