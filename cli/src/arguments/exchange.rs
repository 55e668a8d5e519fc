//! What can be asked for between two people: enrolment, conversation, exchange with the server, the work of the staff.

use std::path::PathBuf;
use std::time::Duration;

use ayumi_protocol::time::LocalDate;
use clap::{Args, Subcommand};

use super::parse::birth_date;

/// How long a command waits for the server.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Wait {
    /// Seconds to wait for the server, 1 to 600
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub limit: u64,
    /// Do not ask the server: what is written waits
    #[arg(long)]
    pub offline: bool,
}

impl Wait {
    pub(crate) const fn limit(self) -> Duration {
        Duration::from_secs(self.limit)
    }
}

/// Which server.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Address of the server, beginning with https; kept for later
    #[arg(long, value_name = "URL", env = "AYUMI_SERVER")]
    pub server: Option<String>,
    /// Trust this root certificate, a file in PEM, in place of the usual ones
    #[arg(long, value_name = "FILE")]
    pub root_certificate: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct EnrolArguments {
    /// The code of the invitation, which serves once [default: `AYUMI_CODE` in the environment, else it is asked for]
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Your birth date, YYYY-MM-DD
    #[arg(long, value_name = "DATE", value_parser = birth_date)]
    pub birth_date: LocalDate,
    /// The code is one of another phone: sign in to the account that is there already
    #[arg(long)]
    pub transfer: bool,
    /// Leave the other phone signed in
    #[arg(long, requires = "transfer")]
    pub keep_old: bool,
    #[command(flatten)]
    pub reach: Reach,
    /// Seconds to wait for the server, 1 to 600
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub limit: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ConsentArguments {
    /// Agree to the text
    #[arg(long)]
    pub agree: bool,
    /// Leave: nothing more is sent
    #[arg(long, conflicts_with = "agree")]
    pub withdraw: bool,
    #[command(flatten)]
    pub wait: Wait,
}

/// How a conversation is shown.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ChatView {
    /// How many messages, 1 to 200
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub items: u16,
    /// Stay, and draw again when something changes; what is typed is sent. Ctrl-D ends it
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub wait: Wait,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ChatArguments {
    #[command(flatten)]
    pub view: ChatView,
    #[command(subcommand)]
    pub action: Option<ChatAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChatAction {
    /// Send a message
    Send {
        /// The text; - reads it from standard input
        #[arg(value_name = "TEXT")]
        text: String,
        /// A photo to send with it, JPEG or PNG; can be repeated
        #[arg(long, value_name = "FILE")]
        photo: Vec<PathBuf>,
        /// The message that it answers
        #[arg(long, value_name = "ID")]
        reply_to: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Give an own message another text; one that was not sent is sent again
    Edit {
        /// The message, as the conversation shows it, such as 1a2b3c
        #[arg(value_name = "ID")]
        message: String,
        /// The whole new text; - reads it from standard input
        #[arg(value_name = "TEXT")]
        text: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete an own message
    Delete(OneMessage),
    /// Try again to send what was refused
    Retry(OneMessage),
    /// Send an old message after all
    Confirm(OneMessage),
    /// Throw away what was not sent
    Discard(OneMessage),
    /// Note that everything was read
    Read(Wait),
}

#[derive(Debug, Args)]
pub(crate) struct OneMessage {
    /// The message, as the conversation shows it, such as 1a2b3c
    #[arg(value_name = "ID")]
    pub message: String,
    #[command(flatten)]
    pub wait: Wait,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct SyncArguments {
    /// Stay, and draw again when something changes
    #[arg(long)]
    pub watch: bool,
    /// Seconds to wait for the server, 1 to 600
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub limit: u64,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct SignOutArguments {
    /// Also if something was not sent, which is lost then
    #[arg(long)]
    pub discard_unsent: bool,
    /// Seconds to wait for the server, 1 to 600
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub limit: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StaffAction {
    /// Sign in; password and one-time code come from `AYUMI_PASSWORD` and `AYUMI_ONE_TIME_CODE`, or are asked for
    SignIn {
        /// Your login
        #[arg(value_name = "LOGIN")]
        login: String,
        #[command(flatten)]
        reach: Reach,
        /// Seconds to wait for the server, 1 to 600
        #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
        limit: u64,
    },
    /// Your cases, the one that needs you most first
    Cases(Wait),
    /// One participant: conversation, steps, weight, notes
    Case {
        /// Her name, the beginning of it, or the id of the case
        #[arg(value_name = "NAME|ID")]
        case: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// The conversation with a participant
    Chat {
        /// Her name, the beginning of it, or the id of the case
        #[arg(value_name = "NAME|ID")]
        case: String,
        #[command(flatten)]
        view: ChatView,
        #[command(subcommand)]
        action: Option<ChatAction>,
    },
    /// Notes about a participant, which she never sees
    Note {
        /// Her name, the beginning of it, or the id of the case
        #[arg(value_name = "NAME|ID")]
        case: String,
        #[command(subcommand)]
        action: Option<NoteAction>,
    },
    /// A code with which a participant signs in on another phone
    TransferCode {
        /// Her name, the beginning of it, or the id of the case
        #[arg(value_name = "NAME|ID")]
        case: String,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NoteAction {
    /// Add a note
    Add {
        /// The text; - reads it from standard input
        #[arg(value_name = "TEXT")]
        text: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Give an own note another text
    Edit {
        /// The note, as the list shows it
        #[arg(value_name = "ID")]
        note: String,
        /// The whole new text; - reads it from standard input
        #[arg(value_name = "TEXT")]
        text: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete an own note
    Delete {
        /// The note, as the list shows it
        #[arg(value_name = "ID")]
        note: String,
        #[command(flatten)]
        wait: Wait,
    },
}
