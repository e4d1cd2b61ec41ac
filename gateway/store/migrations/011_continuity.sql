-- What one patient had before (gateway/consult/consult_continuity.h), and what members did for each other (gateway/partnership/activity.h).
ALTER TABLE consultation ADD COLUMN patient_number TEXT; -- of the identity document, as in patient: to find one patient's consultations by
UPDATE consultation SET patient_number = json_extract(patient, '$.id_number');
CREATE INDEX consultation_patient ON consultation (patient_number, signed_ms) WHERE patient_number IS NOT NULL;
CREATE INDEX audit_of_service ON audit (consultation_id, seq, action, at_ms, actor_id, from_state, reason_code) WHERE action IN (
    'consultation.submit', 'consultation.renew', 'consultation.escalate', 'consultation.hand-over', 'consultation.accept',
    'consultation.decline', 'consultation.reject', 'consultation.return', 'consultation.expire', 'consultation.sign');
CREATE INDEX audit_of_partnership ON audit (action, at_ms) WHERE action = 'partnership.edit';
CREATE INDEX referral_partnership ON referral (partnership_id, sent_ms) WHERE sent_ms IS NOT NULL;
