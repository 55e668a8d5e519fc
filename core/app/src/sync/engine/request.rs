//! What the engine asks its driver to do, and what it is told.
//!
//! The driver knows nothing about lanes, states or retries: it sends what it is given and reports what came back.

use std::fmt;
use std::time::Duration;

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId};
use ayumi_protocol::session::{
    ConsentTextAnswer, EnrolRequest, Secret, StaffSignInRequest, Tokens, TransferCodeAnswer, TransferRequest,
};

/// One request, within one run of the engine. Numbers are never used again, so that a late answer finds no other request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Everything else.
    Post,
    /// Sends a part of an upload.
    Patch,
}

/// The body of a request.
#[derive(Clone, PartialEq, Eq)]
pub enum RequestBody {
    /// None.
    Empty,
    /// JSON text. The driver may compress it.
    Json(Vec<u8>),
    /// A stretch of a file in the attachments, sent as it is.
    FilePart {
        /// The file.
        sha256: Sha256,
        /// First byte.
        offset_bytes: u32,
        /// How many bytes.
        length_bytes: u32,
    },
}

/// Only how much: a body holds what a person wrote.
impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
            Self::FilePart {
                offset_bytes,
                length_bytes,
                ..
            } => write!(f, "FilePart({length_bytes} bytes from {offset_bytes})"),
        }
    }
}

/// A request to the server.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Its method.
    pub method: Method,
    /// Path on the server, with a leading slash. Holds nothing about a person.
    pub path: String,
    /// Header fields beside the content type and the token, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// Its body.
    pub body: RequestBody,
    /// From the start of the connection to the last byte of the answer.
    pub deadline: Duration,
    /// More bytes of an answer, decompressed, are not read.
    pub most_answer_bytes: usize,
}

/// An answer, whoever sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Retry-After`, in whichever form.
    pub retry_after: Option<String>,
    /// `Date`.
    pub date: Option<String>,
    /// `Upload-Offset`.
    pub upload_offset: Option<String>,
    /// Body, decompressed.
    pub body: Vec<u8>,
}

/// Only the status and the length.
impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpAnswer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer. Whether the server has seen the request is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoAnswer {
    /// No connection came about.
    Unreachable,
    /// The connection broke.
    Broken,
    /// The deadline passed.
    Deadline,
    /// The server could not prove who it is.
    Tls,
    /// The answer was longer than it may be.
    TooLong,
    /// The answer led to another address, which is not followed.
    Redirected,
    /// The engine, or a pause, took the request back.
    Aborted,
    /// The file of a part could not be read.
    FileUnreadable,
}

/// What the driver is to do, after the step is committed.
#[derive(Debug, Clone)]
pub enum Instruction {
    /// Send a request and report the answer as [`Input::Answered`].
    Http {
        /// Its number.
        id: RequestId,
        /// The request.
        request: HttpRequest,
    },
    /// Take a request back. Its answer is of no interest any more.
    Abort {
        /// Its number.
        id: RequestId,
    },
    /// Report [`Input::TimerFired`] after this time; replaces the timer that was set before.
    SetTimer {
        /// From now on.
        after: Duration,
    },
    /// No timer.
    ClearTimer,
    /// Keep these tokens in the secret store, then report [`Input::TokensSaved`]. They are not used before.
    SaveTokens {
        /// The pair.
        tokens: Tokens,
    },
    /// Read the tokens from the secret store and report [`Input::TokensLoaded`].
    LoadTokens,
    /// Remove the tokens from the secret store.
    ForgetTokens,
    /// The account was deleted: everything on this phone goes.
    Wipe,
    /// An answer to whoever gave the command.
    Reply(Reply),
    /// The status for the screen may be another one.
    StatusChanged,
}

/// What is reported to the engine.
#[derive(Debug, Clone)]
pub enum Input {
    /// The app has opened. Comes first, with the tokens of the secret store.
    Started {
        /// The pair, if there is one.
        tokens: Option<Tokens>,
    },
    /// Somebody wants something.
    Command(Command),
    /// The platform noticed something.
    Signal(Signal),
    /// Something was put into the outbox.
    Enqueued,
    /// A request came to an end.
    Answered {
        /// Its number.
        id: RequestId,
        /// The answer.
        result: Result<HttpAnswer, NoAnswer>,
    },
    /// The timer.
    TimerFired,
    /// The tokens of [`Instruction::SaveTokens`] are safe, or could not be kept.
    TokensSaved {
        /// Whether they are.
        is_saved: bool,
    },
    /// The tokens of the secret store.
    TokensLoaded {
        /// The pair, if there is one.
        tokens: Option<Tokens>,
    },
}

/// What a shell wants.
#[derive(Debug, Clone)]
pub enum Command {
    /// Keep in touch with the server while the app is in front.
    GoLive,
    /// Exchange what there is once, then stop. Does nothing to a live engine but trying at once.
    SyncOnce,
    /// Stop asking. Requests in flight are taken back.
    Stop,
    /// Begin a session.
    SignIn(SignIn),
    /// End the session on the server. The shell wipes the phone afterwards.
    SignOut,
    /// A conversation is on screen, or none: its log is read first.
    OpenCase(Option<CaseId>),
    /// Ask the server something.
    Ask(Question),
    /// Find the next picture for the operating system to upload.
    PlanUpload,
    /// The operating system is done with an upload, however it ended.
    UploadEnded {
        /// In which log a message will name it.
        log: LogName,
        /// The picture.
        sha256: Sha256,
    },
}

/// How a session begins.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// A participant with the code of her invitation.
    Enrol(EnrolRequest),
    /// A participant on another phone.
    Transfer(TransferRequest),
    /// A member of the staff.
    Staff(StaffSignInRequest),
}

/// Something that only the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The text to which she is asked to consent.
    ConsentText,
    /// A code with which she signs in on another phone; of a case for its staff.
    TransferCode(Option<CaseId>),
}

/// An answer to a command.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To [`Command::SignIn`].
    SignIn(Result<AccountId, CommandError>),
    /// To [`Command::SignOut`].
    SignOut(Result<(), CommandError>),
    /// To [`Question::ConsentText`].
    ConsentText(Result<ConsentTextAnswer, CommandError>),
    /// To [`Question::TransferCode`].
    TransferCode(Result<TransferCodeAnswer, CommandError>),
    /// To [`Command::PlanUpload`]; `None`: there is nothing that was not planned.
    UploadPlan(Result<Option<PlannedUpload>, CommandError>),
}

/// A request for the operating system to make: the rest of a picture.
#[derive(Debug, Clone)]
pub struct PlannedUpload {
    /// In which log a message will name it.
    pub log: LogName,
    /// The picture.
    pub sha256: Sha256,
    /// Bytes that the server has.
    pub offset_bytes: u32,
    /// Bytes of the whole picture.
    pub length_bytes: u32,
    /// Path on the server, with a leading slash.
    pub path: String,
    /// Header fields beside the content type and the token, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Sent as `Authorization: Bearer`.
    pub token: Secret,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The server cannot be reached, or does not answer as it should: try again later.
    #[error("reach the server: {0:?}")]
    Unreachable(Trouble),
    /// The server refused, with its code.
    #[error("do that: the server answers {0}")]
    Refused(ayumi_protocol::problem::ProblemCode),
    /// Another account's data are on this phone: they have to be removed first.
    #[error("sign in: the data of another account are on this phone")]
    AnotherAccount,
    /// Nobody is signed in.
    #[error("ask the server: nobody is signed in")]
    SignedOut,
    /// The secret store did not keep the session.
    #[error("sign in: the session could not be kept")]
    NotSaved,
    /// The same thing is being done already.
    #[error("do that: it is being done already")]
    Busy,
}

/// What is wrong with the connection, for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The server cannot be reached.
    Offline,
    /// Somebody else answers: a sign-in page of a network, a proxy.
    CaptivePortal,
    /// The server could not prove who it is, and the phone's clock is plausible.
    Tls,
    /// The server could not prove who it is, and the phone's clock is wrong.
    ClockSuspect,
    /// The server is there and cannot answer now.
    ServerTrouble,
}

/// What the platform noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The app came to the front.
    Foreground,
    /// The app left the front.
    Background,
    /// The network changed. A hint, not a truth.
    Connectivity,
    /// A push message arrived.
    PushHint,
    /// The phone was unlocked.
    Unlocked,
}
