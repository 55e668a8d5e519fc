//! Deliberate mistakes of the model: each is something that a real program has done, or nearly.

/// One mistake. The checker objects to a script that gives it an occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The server stores every request that arrives.
    SkipTheDedupe,
    /// The server burns a number with each append.
    BurnNumbers,
    /// The server takes a message before its photo.
    TakeHalfPhotos,
    /// A page is applied, its cursor is not stored.
    ForgetTheCursor,
    /// A page loses its first entry.
    SkipAnEntry,
    /// The reader at the dietitian's stops for good.
    NeverPullAgain,
    /// One replica folds differently.
    FoldDifferently,
    /// What was pulled stays in the outbox.
    KeepSettledRows,
    /// What was acknowledged leaves the outbox before its entry arrives.
    RemoveAtAcknowledgement,
    /// What was refused is deleted.
    DropParked,
    /// The unsent part of the outbox lives in memory.
    LoseQueueOnKill,
    /// The youngest goes first.
    OvertakeInTheLane,
    /// Each attempt has a new id.
    NewIdPerAttempt,
    /// Each attempt has new bytes.
    NewBytesPerAttempt,
    /// What is sent again goes at its old place.
    SendAgainInPlace,
    /// What is confirmed goes at its old place.
    ConfirmInPlace,
    /// Old messages go although they were shown as waiting for their author.
    SendUnconfirmed,
    /// Edits do not park with their message.
    LeaveDependents,
    /// Withdrawn consent holds nothing back.
    IgnoreWithdrawal,
    /// What was held back goes at its old place.
    ReleaseInPlace,
    /// What a restored server lost is not offered again.
    OfferNothing,
    /// What a restored server lost goes behind what waits.
    OfferAtTheTail,
    /// What a restored server lost goes in reverse.
    OfferBackwards,
    /// Everyone offers what anyone wrote.
    OfferOthers,
    /// The next account sees what the last one left.
    ShowToTheNextAccount,
    /// Sign-out does not count what is unsent.
    EraseWithoutWarning,
    /// Day totals are appended, never replaced.
    PileUpTotals,
    /// Day totals are replaced although they may have been sent.
    ReplaceSentTotals,
    /// Revisions of a day are summed.
    SumRevisions,
    /// A failure arms no timer.
    StopTrying,
    /// A failure arms none, and the loop goes round.
    RetryAtOnce,
    /// A request has no deadline.
    WaitForEver,
    /// Nothing is evicted.
    ExceedTheBudget,
    /// A message reaches a log line.
    LogTheText,
    /// The collector leaves files behind.
    LeaveFiles,
}

impl Bug {
    /// Every mistake.
    pub const ALL: [Self; 35] = [
        Self::SkipTheDedupe,
        Self::BurnNumbers,
        Self::TakeHalfPhotos,
        Self::ForgetTheCursor,
        Self::SkipAnEntry,
        Self::NeverPullAgain,
        Self::FoldDifferently,
        Self::KeepSettledRows,
        Self::RemoveAtAcknowledgement,
        Self::DropParked,
        Self::LoseQueueOnKill,
        Self::OvertakeInTheLane,
        Self::NewIdPerAttempt,
        Self::NewBytesPerAttempt,
        Self::SendAgainInPlace,
        Self::ConfirmInPlace,
        Self::SendUnconfirmed,
        Self::LeaveDependents,
        Self::IgnoreWithdrawal,
        Self::ReleaseInPlace,
        Self::OfferNothing,
        Self::OfferAtTheTail,
        Self::OfferBackwards,
        Self::OfferOthers,
        Self::ShowToTheNextAccount,
        Self::EraseWithoutWarning,
        Self::PileUpTotals,
        Self::ReplaceSentTotals,
        Self::SumRevisions,
        Self::StopTrying,
        Self::RetryAtOnce,
        Self::WaitForEver,
        Self::ExceedTheBudget,
        Self::LogTheText,
        Self::LeaveFiles,
    ];
}
