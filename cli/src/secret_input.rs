//! Codes and passwords: from the environment, from a terminal that does not show them, or from a pipe; never from the command line,
//! which every program on the computer can read.

use std::io::Write as _;

use console::Term;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A secret, from the environment variable `name` if it is set, else asked for with `question`.
pub(crate) fn secret(name: &str, question: &str) -> Result<Zeroizing<String>, Failure> {
    if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
        return Ok(Zeroizing::new(value));
    }
    let unreadable = |error: std::io::Error| Failure::Core(format!("read the answer: {error}"));
    let terminal = Term::stderr();
    let is_typed = terminal.is_term() && std::io::IsTerminal::is_terminal(&std::io::stdin());
    let answer = if is_typed {
        let mut error = std::io::stderr();
        write!(error, "{question}: ")?;
        error.flush()?;
        Zeroizing::new(terminal.read_secure_line().map_err(unreadable)?)
    } else {
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().read_line(&mut line).map_err(unreadable)?;
        line
    };
    let answer = Zeroizing::new(answer.trim().to_owned());
    if answer.is_empty() {
        return Err(Failure::Usage(format!(
            "{question} is missing: type it when asked, or set {name}"
        )));
    }
    Ok(answer)
}
