-- Uploads in progress and the attachments they became.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,                     -- as the browser gave it; shown, never used as a path
    bytes BIGINT NOT NULL,                  -- announced
    sha256 TEXT NOT NULL,                   -- announced
    received BIGINT NOT NULL DEFAULT 0,     -- durable on disk
    state TEXT NOT NULL CHECK (state IN ('receiving', 'checking', 'done', 'refused')),
    refusal_code TEXT,
    attachment_id TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX upload_consultation ON upload (consultation_id);
CREATE INDEX upload_state ON upload (state, updated_ms);
CREATE TABLE attachment (
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    kind TEXT NOT NULL CHECK (kind IN ('dicom', 'photo', 'pdf')),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,                   -- names the blob
    added_by TEXT NOT NULL REFERENCES account (id),
    at_ms BIGINT NOT NULL,
    study_uid TEXT,
    series_uid TEXT,
    sop_instance_uid TEXT,
    sop_class_uid TEXT,
    transfer_syntax_uid TEXT,
    modality TEXT,
    description TEXT,
    rows INTEGER,
    columns INTEGER,
    frames INTEGER,
    window_center DOUBLE PRECISION,
    window_width DOUBLE PRECISION,
    lossy INTEGER NOT NULL DEFAULT 0,
    UNIQUE (consultation_id, sha256)
);
CREATE INDEX attachment_sha256 ON attachment (sha256);
