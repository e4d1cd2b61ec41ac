-- Guests on stage: who was invited into a running consultation, and until when. The row stays after the invitation ended, so that
-- the seat is still theirs if they are asked again.
ALTER TABLE participation ADD COLUMN uninvited_ms BIGINT NOT NULL DEFAULT 0; -- of a guest whose invitation was ended; 0 = it stands
CREATE INDEX participation_account ON participation (account_id, role);
