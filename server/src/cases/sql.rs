//! Statements over cases, assignments and entries.

pub(crate) const CASE_HEAD: &str = "
    SELECT society_id, account_id, care_seq, staff_seq, advice_seq, consent, consent_version
    FROM case_head
    WHERE case_id = $1";

pub(crate) const ASSIGNMENT: &str = "
    SELECT is_substitute
    FROM assignment
    WHERE case_id = $1
        AND account_id = $2";
