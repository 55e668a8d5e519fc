//! Appending to a log: one batch of one phone in one transaction.
//!
//! ```text
//!   who asks, may she reach the log, is it the same incarnation, is there consent
//!        │
//!   which of the operations are there already?   all of them: answer, nothing is locked or written
//!        │
//!   lock the case ── look again ── each operation in order, until the first that is refused
//!        │
//!   head and state of the case, pictures named, push hint, one audit row ── commit
//! ```
//!
//! The row of the case is locked by everybody who writes to any of its logs. So numbers are given in the order of commits, an
//! aborted append burns none, and no twin of an operation can slip in between the second look and the commit.
//!
//! Source: sync.md 3.2, 5.2, 5.3, 7, 15.1.

use std::collections::BTreeMap;

use ayumi_protocol::body::{Attachment, Body, BodyReading, RawBody};
use ayumi_protocol::cursor::{Audience, Epoch, Lane, LogName, Seq};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, OpId, SocietyId};
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::operation::Operation;
use ayumi_protocol::problem::{ProblemCode, Refusal};
use ayumi_protocol::push::{OperationOutcome, OperationResult, PushAnswer, PushRequest};
use ayumi_protocol::session::Role;
use ayumi_protocol::time::{UtcMillis, UtcOffset, ZoneName};

use super::access::{CaseAccess, Consent, reach_log};
use super::{refusals, sql};
use crate::accounts::principal::{Credentials, Principal, authenticate};
use crate::audit::{self, Act, Chain};
use crate::deliberate::{Bug, is_made};
use crate::http::extract::sha256;
use crate::store::{Fault, Refused, Row, StoreError, Transaction, Value, state};

/// A push, with everything that can be found out without the store.
#[derive(Debug)]
pub struct PushInput {
    /// Who asks.
    pub credentials: Credentials,
    /// The log.
    pub log: LogName,
    /// The incarnation that the phone knows.
    pub epoch: Epoch,
    operations: Vec<Prepared>,
}

/// An operation that was read, or the reason why it could not be.
#[derive(Debug)]
struct Prepared {
    op_id: Option<OpId>,
    reading: Result<Box<Accepted>, ProblemCode>,
}

#[derive(Debug)]
struct Accepted {
    operation: Operation,
    kind: Kind,
    body: Body,
    hash: Sha256,
}

/// What becomes of a push. A refusal that is part of this was written to the audit.
pub type PushOutcome = Result<PushAnswer, Refused>;

impl PushInput {
    /// Reads the operations of a request and hashes their bodies as they were received.
    #[must_use]
    pub fn prepare(credentials: Credentials, request: &PushRequest) -> Self {
        let operations = request.operations.iter();
        Self {
            credentials,
            log: request.log,
            epoch: request.epoch,
            operations: operations
                .map(|raw| {
                    let reading = raw.read().map_err(|error| error.problem_code());
                    Prepared {
                        op_id: raw.op_id(),
                        reading: reading.and_then(|operation| {
                            Accepted::of(operation, request.log.audience, Some(request.lane)).map(Box::new)
                        }),
                    }
                })
                .collect(),
        }
    }
}

impl Accepted {
    /// Holds an operation to the table of kinds and to the limits.
    fn of(operation: Operation, audience: Audience, lane: Option<Lane>) -> Result<Self, ProblemCode> {
        let kind = operation.kind.known().ok_or(ProblemCode::KindUnknown)?;
        let fits = kind.audiences().contains(&audience) && kind.lane() == lane;
        if !fits {
            return Err(ProblemCode::InvalidValue);
        }
        let body = match Body::accept(&operation.kind, operation.body_version, &operation.body) {
            Ok(BodyReading::Known(body)) => body,
            Ok(BodyReading::UnknownKind | BodyReading::NewerVersion) => return Err(ProblemCode::KindUnknown),
            Err(error) => return Err(error.problem_code()),
        };
        let hash = sha256(operation.body.as_str().as_bytes());
        Ok(Self {
            operation,
            kind,
            body,
            hash,
        })
    }
}

/// Appends a batch.
///
/// Errors: those of [`authenticate`]; `epoch_changed`, `consent_required`, `consent_withdrawn`. A log that is not hers is an `Ok` with
/// the refusal `not_found`, because the try is audited. What is wrong with one operation stands in its result.
pub async fn push(tx: &mut dyn Transaction, input: &PushInput) -> Result<PushOutcome, Fault> {
    let principal = authenticate(tx, &input.credentials).await?;
    let access = match reach_log(tx, &principal, input.log).await {
        Err(Fault::Refused(refused)) => {
            refusals::record(tx, &principal, "entries.append_refused", input.log, &refused).await?;
            return Ok(Err(refused));
        }
        other => other?,
    };
    let epoch = state::epoch(tx).await?;
    if epoch != input.epoch {
        return Err(ProblemCode::EpochChanged.into());
    }
    let mut stored = Stored::default();
    stored.look_up(tx, &access, &principal, input).await?;
    let is_repeat = input
        .operations
        .iter()
        .all(|prepared| stored.find(prepared.op_id).is_some());
    let results = if is_repeat {
        let mut results = Results::default();
        for prepared in &input.operations {
            let outcome = if results.has_stopped() {
                OperationOutcome::NotTried
            } else {
                stored.answer(prepared, input.log)
            };
            results.add(prepared.op_id, outcome);
        }
        results
    } else {
        staff_gate(&access)?;
        append_new(tx, input, &principal, &access, stored).await?
    };
    Ok(Ok(PushAnswer {
        server_time_ms: principal.now,
        epoch,
        results: results.0,
    }))
}

/// Results in the order of the operations; after the first that is neither stored nor a duplicate nothing is tried.
#[derive(Default)]
struct Results(Vec<OperationResult>);

impl Results {
    fn add(&mut self, op_id: Option<OpId>, outcome: OperationOutcome) {
        self.0.push(OperationResult { op_id, outcome });
    }

    fn has_stopped(&self) -> bool {
        self.0.last().is_some_and(|last| last.outcome.seq().is_none())
    }
}

/// Staff write nothing for somebody who has not agreed, or no longer does. A new text does not stop them: she agrees to it when she
/// opens the app, and a conversation goes on until then.
fn staff_gate(access: &CaseAccess) -> Result<(), ProblemCode> {
    match (&access.role, &access.consent) {
        (Role::Participant, _) | (_, Consent::Given(_)) => Ok(()),
        (_, Consent::Withdrawn) => Err(ProblemCode::ConsentWithdrawn),
        (_, Consent::None) => Err(ProblemCode::ConsentRequired),
    }
}

/// Why this author writes nothing but consent itself at this moment: decided from the locked row, for each operation, because one
/// before it in the batch, or a commit of another node, may have given or withdrawn consent.
fn consent_refusal(case: &CaseState, author: &Author, in_force: Option<&str>) -> Option<ProblemCode> {
    match case.consent.as_str() {
        "given" => {
            let is_current = in_force.is_some() && case.consent_version.as_deref() == in_force;
            (author.role == Role::Participant && !is_current).then_some(ProblemCode::ConsentRequired)
        }
        "withdrawn" => Some(ProblemCode::ConsentWithdrawn),
        _ => Some(ProblemCode::ConsentRequired),
    }
}

/// Version and hash of the text of consent that is in force in a society; `None` if it has none.
pub(crate) async fn consent_in_force(
    tx: &mut dyn Transaction,
    society_id: SocietyId,
    now: UtcMillis,
) -> Result<Option<(String, Sha256)>, StoreError> {
    let row = tx
        .row(sql::CONSENT_IN_FORCE, &[society_id.into(), now.into()])
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

async fn append_new(
    tx: &mut dyn Transaction,
    input: &PushInput,
    principal: &Principal,
    access: &CaseAccess,
    mut stored: Stored,
) -> Result<Results, Fault> {
    let mut case = CaseState::lock(tx, access.case_id).await?;
    // A twin may have been stored between the first look and the lock.
    stored.look_up(tx, access, principal, input).await?;
    let in_force = consent_in_force(tx, access.society_id, principal.now).await?;
    let mut results = Results::default();
    let mut appended: Vec<Seq> = Vec::new();
    let author = Author {
        account_id: principal.account_id,
        role: access.role.clone(),
        device_id: principal.device_id,
        now: principal.now,
    };
    for prepared in &input.operations {
        if results.has_stopped() {
            results.add(prepared.op_id, OperationOutcome::NotTried);
            continue;
        }
        if stored.find(prepared.op_id).is_some() {
            results.add(prepared.op_id, stored.answer(prepared, input.log));
            continue;
        }
        let checked = match &prepared.reading {
            Err(code) => Err(code.clone()),
            Ok(accepted) => check(tx, accepted, &author, &case, input.log, in_force.as_ref())
                .await?
                .map(|()| accepted),
        };
        match checked {
            Err(code) => results.add(prepared.op_id, OperationOutcome::Refused(Refusal::from(code))),
            Ok(accepted) => {
                let seq = insert(tx, &mut case, input.log.audience, accepted, &author).await?;
                stored.remember(accepted, input.log.audience, seq, author.now);
                appended.push(seq);
                let recorded_at_ms = author.now;
                results.add(prepared.op_id, OperationOutcome::Stored { seq, recorded_at_ms });
            }
        }
    }
    if let (Some(from), Some(to)) = (appended.first(), appended.last()) {
        case.save(tx, input.log.audience, &author, *to).await?;
        let mut act = Act::done(principal, access.role.clone(), "entries.appended");
        act.audience = Some(input.log.audience);
        act.from_seq = Some(*from);
        act.to_seq = Some(*to);
        audit::record(tx, Chain::Case(access.case_id), &act).await?;
    }
    Ok(results)
}

/// Locks a case until the end of the transaction, as everybody does who writes to it.
///
/// Errors: `not_found`.
pub(crate) async fn lock(tx: &mut dyn Transaction, case_id: CaseId) -> Result<(), Fault> {
    CaseState::lock(tx, case_id).await.map(|_| ())
}

/// An entry that the server itself appends.
#[derive(Debug, Clone)]
pub struct SystemEntry {
    /// The case.
    pub case_id: CaseId,
    /// The log.
    pub audience: Audience,
    /// Its id, made by whoever causes it, so that a repeat is a repeat.
    pub op_id: OpId,
    /// What it is.
    pub kind: Kind,
    /// Its body.
    pub body: RawBody,
    /// The server's clock.
    pub now: UtcMillis,
}

/// Appends an entry of the server, in the transaction of the act that causes it. A repeat brings the place of the first.
///
/// Errors: `not_found` without the case; `internal_fault` for a body that its kind does not have.
pub async fn by_system(tx: &mut dyn Transaction, entry: &SystemEntry) -> Result<Seq, Fault> {
    let mut case = CaseState::lock(tx, entry.case_id).await?;
    let author = Author {
        account_id: AccountId::SYSTEM,
        role: Role::System,
        device_id: DeviceId::SYSTEM,
        now: entry.now,
    };
    let key: [Value; 3] = [entry.case_id.into(), author.account_id.into(), entry.op_id.into()];
    if let Some(row) = tx.row(sql::ENTRY_OF_OPERATION, &key).await? {
        return Ok(row.get(1)?);
    }
    let fault = || Fault::from(ProblemCode::InternalFault);
    let operation = Operation {
        op_id: entry.op_id,
        kind: KindName::from(entry.kind),
        body_version: entry.kind.newest_body_version(),
        occurred_at_ms: entry.now,
        zone: ZoneName::parse("UTC").ok_or_else(fault)?,
        utc_offset_min: UtcOffset::from_minutes(0).ok_or_else(fault)?,
        min_app_version: None,
        body: entry.body.clone(),
    };
    let accepted = Accepted::of(operation, entry.audience, entry.kind.lane()).map_err(|_| fault())?;
    let seq = insert(tx, &mut case, entry.audience, &accepted, &author).await?;
    case.save(tx, entry.audience, &author, seq).await?;
    Ok(seq)
}

/// Who writes, as the session says.
struct Author {
    account_id: AccountId,
    role: Role,
    device_id: DeviceId,
    now: UtcMillis,
}

/// Operations of this author that are entries already.
#[derive(Default)]
struct Stored(BTreeMap<OpId, StoredEntry>);

#[derive(Clone)]
struct StoredEntry {
    audience: Audience,
    seq: Seq,
    kind: String,
    body_version: u16,
    hash: Sha256,
    recorded_at_ms: UtcMillis,
}

impl Stored {
    async fn look_up(
        &mut self,
        tx: &mut dyn Transaction,
        access: &CaseAccess,
        principal: &Principal,
        input: &PushInput,
    ) -> Result<(), StoreError> {
        for op_id in input.operations.iter().filter_map(|prepared| prepared.op_id) {
            if self.0.contains_key(&op_id) {
                continue;
            }
            let key: [Value; 3] = [access.case_id.into(), principal.account_id.into(), op_id.into()];
            if let Some(row) = tx.row(sql::ENTRY_OF_OPERATION, &key).await? {
                self.0.insert(op_id, StoredEntry::read(&row)?);
            }
        }
        Ok(())
    }

    fn find(&self, op_id: Option<OpId>) -> Option<&StoredEntry> {
        self.0.get(&op_id?)
    }

    fn remember(&mut self, accepted: &Accepted, audience: Audience, seq: Seq, recorded_at_ms: UtcMillis) {
        let entry = StoredEntry {
            audience,
            seq,
            kind: accepted.operation.kind.as_str().to_owned(),
            body_version: accepted.operation.body_version,
            hash: accepted.hash,
            recorded_at_ms,
        };
        self.0.insert(accepted.operation.op_id, entry);
    }

    /// The answer to a repeat: the place of the first, if the bytes are those of the first.
    fn answer(&self, prepared: &Prepared, log: LogName) -> OperationOutcome {
        let is_same = |entry: &StoredEntry, accepted: &Accepted| {
            entry.audience == log.audience
                && entry.kind == accepted.operation.kind.as_str()
                && entry.body_version == accepted.operation.body_version
                && entry.hash == accepted.hash
        };
        match (self.find(prepared.op_id), &prepared.reading) {
            (Some(entry), Ok(accepted)) if is_same(entry, accepted) => OperationOutcome::Duplicate {
                seq: entry.seq,
                recorded_at_ms: entry.recorded_at_ms,
            },
            _ => OperationOutcome::Refused(ProblemCode::OperationReused.into()),
        }
    }
}

impl StoredEntry {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            audience: row.get(0)?,
            seq: row.get(1)?,
            kind: row.get(2)?,
            body_version: row.get(3)?,
            hash: row.get(4)?,
            recorded_at_ms: row.get(5)?,
        })
    }
}

/// The row of a case, locked until the end of the transaction.
struct CaseState {
    case_id: CaseId,
    care_seq: Seq,
    staff_seq: Seq,
    advice_seq: Seq,
    name: String,
    consent: String,
    consent_version: Option<String>,
    plan_seq: Option<Seq>,
    interviewed_seq: Option<Seq>,
    open_support_op: Option<OpId>,
    evaluated_seq: Option<Seq>,
    last_participant_entry_at: Option<UtcMillis>,
    last_staff_entry_at: Option<UtcMillis>,
}

impl CaseState {
    async fn lock(tx: &mut dyn Transaction, case_id: CaseId) -> Result<Self, Fault> {
        let row = tx.row(sql::LOCK_CASE, &[case_id.into()]).await?;
        let row = row.ok_or(ProblemCode::NotFound)?;
        Ok(Self {
            case_id,
            care_seq: row.get(0)?,
            staff_seq: row.get(1)?,
            advice_seq: row.get(2)?,
            name: row.get(3)?,
            consent: row.get(4)?,
            consent_version: row.get(5)?,
            plan_seq: row.get(6)?,
            interviewed_seq: row.get(7)?,
            open_support_op: row.get(8)?,
            evaluated_seq: row.get(9)?,
            last_participant_entry_at: row.get(10)?,
            last_staff_entry_at: row.get(11)?,
        })
    }

    const fn head(&mut self, audience: Audience) -> &mut Seq {
        match audience {
            Audience::Care => &mut self.care_seq,
            Audience::Staff => &mut self.staff_seq,
            Audience::Advice => &mut self.advice_seq,
        }
    }

    /// What the server has to know later in order to accept or refuse an entry.
    fn note(&mut self, body: &Body, op_id: OpId, seq: Seq) {
        match body {
            Body::ConsentGiven(body) => {
                "given".clone_into(&mut self.consent);
                self.consent_version = Some(body.text_version.as_str().to_owned());
            }
            Body::ConsentWithdrawn(_) => "withdrawn".clone_into(&mut self.consent),
            Body::PlanSet(_) => self.plan_seq = Some(seq),
            Body::InterviewRecorded(_) => self.interviewed_seq = self.interviewed_seq.or(Some(seq)),
            Body::SupportOpened(_) => self.open_support_op = Some(op_id),
            Body::SupportClosed(_) => self.open_support_op = None,
            Body::EvaluationRecorded(_) => self.evaluated_seq = Some(seq),
            Body::CaseOpened(body) => self.name.clone_from(&body.name),
            _ => {}
        }
    }

    async fn save(
        &mut self,
        tx: &mut dyn Transaction,
        audience: Audience,
        author: &Author,
        to: Seq,
    ) -> Result<(), StoreError> {
        match author.role {
            Role::Participant => self.last_participant_entry_at = Some(author.now),
            Role::System => {}
            _ => self.last_staff_entry_at = Some(author.now),
        }
        tx.execute(
            sql::SAVE_CASE,
            &[
                self.case_id.into(),
                self.care_seq.into(),
                self.staff_seq.into(),
                self.advice_seq.into(),
                self.name.as_str().into(),
                self.consent.as_str().into(),
                self.consent_version.as_deref().into(),
                self.plan_seq.into(),
                self.interviewed_seq.into(),
                self.open_support_op.into(),
                self.evaluated_seq.into(),
                self.last_participant_entry_at.into(),
                self.last_staff_entry_at.into(),
            ],
        )
        .await?;
        let hint: [Value; 5] = [
            self.case_id.into(),
            audience.into(),
            to.into(),
            author.account_id.into(),
            author.now.into(),
        ];
        tx.execute(sql::QUEUE_PUSH_HINT, &hint).await?;
        Ok(())
    }
}

async fn insert(
    tx: &mut dyn Transaction,
    case: &mut CaseState,
    audience: Audience,
    accepted: &Accepted,
    author: &Author,
) -> Result<Seq, Fault> {
    let Accepted {
        operation,
        body,
        hash,
        ..
    } = accepted;
    let head = case.head(audience);
    let seq = head.next().ok_or(StoreError::Bug {
        what: "a log has reached its last number",
    })?;
    *head = seq;
    case.note(body, operation.op_id, seq);
    tx.execute(
        sql::INSERT_ENTRY,
        &[
            case.case_id.into(),
            audience.into(),
            seq.into(),
            operation.op_id.into(),
            author.account_id.into(),
            author.role.as_str().into(),
            author.device_id.into(),
            operation.kind.as_str().into(),
            operation.body_version.into(),
            operation.body.as_str().into(),
            (*hash).into(),
            operation
                .min_app_version
                .map(|version| version.to_string())
                .into(),
            operation.occurred_at_ms.into(),
            operation.zone.as_str().into(),
            operation.utc_offset_min.minutes().into(),
            author.now.into(),
        ],
    )
    .await?;
    for attachment in attachments(body) {
        for hash in [attachment.sha256, attachment.thumbnail.sha256] {
            let used: [Value; 3] = [case.case_id.into(), audience.into(), hash.into()];
            tx.execute(sql::INSERT_PICTURE_USE, &used).await?;
        }
    }
    Ok(seq)
}

/// The pictures that a body names.
pub(crate) fn attachments(body: &Body) -> &[Attachment] {
    match body {
        Body::MessagePosted(body) => &body.attachments,
        Body::QuestionAsked(body) => &body.attachments,
        Body::QuestionFollowedUp(body) => &body.attachments,
        _ => &[],
    }
}

/// Whether an operation may become an entry now.
async fn check(
    tx: &mut dyn Transaction,
    accepted: &Accepted,
    author: &Author,
    case: &CaseState,
    log: LogName,
    in_force: Option<&(String, Sha256)>,
) -> Result<Result<(), ProblemCode>, Fault> {
    if !accepted.kind.authors().contains(&author.role) {
        return Ok(Err(ProblemCode::Forbidden));
    }
    let is_about_consent = matches!(accepted.kind, Kind::ConsentGiven | Kind::ConsentWithdrawn);
    let version = in_force.map(|(version, _)| version.as_str());
    let refusal = consent_refusal(case, author, version).filter(|_| !is_about_consent);
    if let Some(code) = refusal {
        return Ok(Err(code));
    }
    let targets = Targets { case, log };
    let own = Some(author.account_id);
    let refusal = match &accepted.body {
        Body::MessagePosted(body) => match body.reply_to {
            Some(target) => targets.find(tx, target, &[Kind::MessagePosted], None).await?,
            None => None,
        },
        Body::MessageEdited(body) => targets.find(tx, body.target, &[Kind::MessagePosted], own).await?,
        Body::MessageDeleted(body) => targets.find(tx, body.target, &[Kind::MessagePosted], own).await?,
        Body::NoteEdited(body) => targets.find(tx, body.target, &[Kind::NotePosted], own).await?,
        Body::NoteDeleted(body) => targets.find(tx, body.target, &[Kind::NotePosted], own).await?,
        Body::MessageRead(body) => {
            let head = match log.audience {
                Audience::Care => case.care_seq,
                Audience::Staff => case.staff_seq,
                Audience::Advice => case.advice_seq,
            };
            (body.up_to_seq > head).then_some(ProblemCode::InvalidValue)
        }
        Body::ConsentGiven(body) => {
            let is_in_force = in_force.is_some_and(|(version, hash)| {
                version == body.text_version.as_str() && *hash == body.text_sha256
            });
            (!is_in_force).then_some(ProblemCode::ConsentRequired)
        }
        Body::PlanSet(body) => (body.based_on != case.plan_seq).then_some(ProblemCode::PlanBaseStale),
        // The course: an interview opens it, one support at a time, and it is evaluated against a plan. The plan itself is
        // agreed during the interview, so it may be stored before the interview is.
        Body::SupportOpened(_) => (case.interviewed_seq.is_none() || case.open_support_op.is_some())
            .then_some(ProblemCode::TransitionImpossible),
        Body::SupportClosed(body) => {
            (case.open_support_op != Some(body.target)).then_some(ProblemCode::TransitionImpossible)
        }
        Body::EvaluationRecorded(_) => (case.interviewed_seq.is_none() || case.plan_seq.is_none())
            .then_some(ProblemCode::TransitionImpossible),
        Body::QuestionFollowedUp(body) => targets.question(tx, body.question).await?,
        Body::QuestionMarkedUrgent(body) => targets.question(tx, body.question).await?,
        Body::QuestionAssigned(body) => targets.question(tx, body.question).await?,
        Body::QuestionAnswered(body) => targets.question(tx, body.question).await?,
        Body::QuestionClosed(body) => targets.question(tx, body.question).await?,
        Body::QuestionShared(body) => targets.question(tx, body.question).await?,
        Body::QuestionFaqProposed(body) => targets.question(tx, body.question).await?,
        Body::QuestionFaqApproved(body) => {
            let proposal = &[Kind::QuestionFaqProposed];
            if targets.find(tx, body.proposal, proposal, own).await?.is_none() {
                // The second person is another one.
                Some(ProblemCode::Forbidden)
            } else {
                targets.find(tx, body.proposal, proposal, None).await?
            }
        }
        _ => None,
    };
    if let Some(code) = refusal {
        return Ok(Err(code));
    }
    for attachment in attachments(&accepted.body) {
        let thumbnail = &attachment.thumbnail;
        let picture = (
            attachment.sha256,
            attachment.length_bytes,
            attachment.width_px,
            attachment.height_px,
        );
        let small = (
            thumbnail.sha256,
            thumbnail.length_bytes,
            thumbnail.width_px,
            thumbnail.height_px,
        );
        for (hash, length, width, height) in [picture, small] {
            let key: [Value; 6] = [
                case.case_id.into(),
                log.audience.into(),
                hash.into(),
                length.into(),
                width.into(),
                height.into(),
            ];
            let is_complete = tx.row(sql::COMPLETE_UPLOAD, &key).await?.is_some();
            if !is_complete && !is_made(Bug::AnnouncedIsComplete) {
                return Ok(Err(ProblemCode::AttachmentIncomplete));
            }
        }
    }
    Ok(Ok(()))
}

/// Looks for what an operation is about.
struct Targets<'a> {
    case: &'a CaseState,
    log: LogName,
}

impl Targets<'_> {
    /// `None` if the log has an entry of this operation and one of these kinds, by this author if one is named; else the refusal.
    async fn find(
        &self,
        tx: &mut dyn Transaction,
        target: OpId,
        kinds: &[Kind],
        author: Option<AccountId>,
    ) -> Result<Option<ProblemCode>, StoreError> {
        self.find_in(tx, self.log.audience, target, kinds, author).await
    }

    /// A question stands in the advice log, wherever the entry about it goes.
    async fn question(
        &self,
        tx: &mut dyn Transaction,
        question: OpId,
    ) -> Result<Option<ProblemCode>, StoreError> {
        self.find_in(tx, Audience::Advice, question, &[Kind::QuestionAsked], None)
            .await
    }

    async fn find_in(
        &self,
        tx: &mut dyn Transaction,
        audience: Audience,
        target: OpId,
        kinds: &[Kind],
        author: Option<AccountId>,
    ) -> Result<Option<ProblemCode>, StoreError> {
        let key: [Value; 3] = [self.case.case_id.into(), target.into(), audience.into()];
        for row in tx.query(sql::TARGETS, &key).await? {
            let (kind, by): (String, AccountId) = (row.get(0)?, row.get(1)?);
            let is_kind = kinds.iter().any(|wanted| wanted.as_str() == kind);
            if is_kind && author.is_none_or(|author| author == by) {
                return Ok(None);
            }
        }
        Ok(Some(ProblemCode::TargetUnknown))
    }
}
