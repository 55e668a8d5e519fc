//! Invitations, one by one and from a society's file.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use ayumi_protocol::id::{AccountId, SocietyId};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::LocalDate;
use indicatif::{ProgressBar, ProgressStyle};

use super::{explain, failed, societies, table};
use crate::accounts::staff;
use crate::server::{Server, boxed};
use crate::societies::coordination;
use crate::societies::invitations::{self, Invitation};

/// Somebody to be invited, as an operator writes her down.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) name_reading: Option<String>,
    pub(super) birth_date: LocalDate,
    pub(super) reference: Option<String>,
    /// A login.
    pub(super) dietitian: Option<String>,
}

pub(super) async fn create(server: &Server, society: &str, person: Person) -> Result<String, String> {
    let society_id = societies::find(server, society).await?;
    let invitation = resolve(server, society_id, person).await?;
    make(server, invitation).await
}

async fn make(server: &Server, invitation: Invitation) -> Result<String, String> {
    let code = invitations::make(server, invitation).await;
    code.map_err(|fault| {
        let why = "the name is empty or longer than 200 characters, or the dietitian is none of this society";
        explain(&fault, &ProblemCode::InvalidValue, why)
    })
}

async fn resolve(server: &Server, society_id: SocietyId, person: Person) -> Result<Invitation, String> {
    let mut dietitian_id = None;
    if let Some(login) = person.dietitian {
        dietitian_id = Some(find_dietitian(server, society_id, &login).await?);
    }
    Ok(Invitation {
        society_id,
        name: person.name,
        name_reading: person.name_reading,
        birth_date: person.birth_date,
        dietitian_id,
        external_ref: person.reference,
    })
}

async fn find_dietitian(server: &Server, society_id: SocietyId, login: &str) -> Result<AccountId, String> {
    let unknown = || format!("{login} is no dietitian of this society: `admin staff-list` shows them");
    let staff = staff::list(server, society_id)
        .await
        .map_err(|fault| failed(&fault))?;
    let found = staff
        .into_iter()
        .find(|line| line.login == login && line.role == "dietitian" && line.status == "active");
    found.map(|line| line.account_id).ok_or_else(unknown)
}

/// Invites everybody in a file; nobody if a line of it is wrong.
pub(super) async fn import(
    server: &Server,
    society: &str,
    file: &Path,
    codes: &Path,
) -> Result<String, String> {
    let society_id = societies::find(server, society).await?;
    let bytes = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let people = read_people(&bytes)?;
    let mut invitations = Vec::new();
    let mut wrong = Vec::new();
    let mut known = 0_usize;
    for (line, person) in people {
        match resolve(server, society_id, person).await {
            Err(why) => wrong.push(format!("line {line}: {why}")),
            Ok(invitation) => {
                let reference = invitation.external_ref.clone();
                let is_known = match &reference {
                    None => false,
                    Some(reference) => invitations::is_invited(server, society_id, reference)
                        .await
                        .map_err(|fault| failed(&fault))?,
                };
                if is_known {
                    known = known.saturating_add(1);
                } else {
                    invitations.push(invitation);
                }
            }
        }
    }
    if !wrong.is_empty() {
        return Err(nobody_invited(&wrong));
    }
    if invitations.is_empty() {
        return Ok(format!(
            "nobody new is in the file: {known} had been invited before"
        ));
    }
    let written = create_new(codes).map_err(|error| format!("cannot make {}: {error}", codes.display()))?;
    let mut written = csv::Writer::from_writer(written);
    let unwritten = |error: &dyn std::fmt::Display| {
        format!(
            "cannot write {}: {error}; those who were invited by then are shown by `admin invitation-list`",
            codes.display()
        )
    };
    written
        .write_record(["reference", "name", "code"])
        .map_err(|error| unwritten(&error))?;
    let bar = ProgressBar::new(invitations.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} invited, {eta} left") {
        bar.set_style(style);
    }
    let count = invitations.len();
    for invitation in invitations {
        let line = [
            invitation.external_ref.clone().unwrap_or_default(),
            invitation.name.clone(),
        ];
        let [reference, name] = line;
        let code = make(server, invitation).await?;
        written
            .write_record([reference, name, code])
            .map_err(|error| unwritten(&error))?;
        // After each: an interruption must not lose codes that are valid already.
        written.flush().map_err(|error| unwritten(&error))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let file = written.into_inner().map_err(|error| unwritten(&error.error()))?;
    file.sync_all().map_err(|error| unwritten(&error))?;
    let passed_over = if known == 0 {
        String::new()
    } else {
        format!("; {known} had been invited before and were passed over")
    };
    Ok(format!(
        "{count} invited, their codes are in {}{passed_over}",
        codes.display()
    ))
}

fn nobody_invited(wrong: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = "nobody was invited, because of these lines:".to_owned();
    for line in wrong.iter().take(SHOWN) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    let rest = wrong.len().saturating_sub(SHOWN);
    if rest == 0 {
        text
    } else {
        format!("{text}\n  and {rest} more")
    }
}

/// A new file that only its owner reads.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Reads the lines of a file, each with its number.
fn read_people(bytes: &[u8]) -> Result<Vec<(u64, Person)>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if std::str::from_utf8(bytes).is_err() {
        return Err("the file is not in UTF-8: save it as \"CSV UTF-8\"".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let titles = reader
        .headers()
        .map_err(|_| "the file has no first line with titles".to_owned())?
        .clone();
    let known = ["name", "birth_date", "name_reading", "reference", "dietitian"];
    if let Some(unknown) = titles.iter().find(|title| !known.contains(title)) {
        return Err(format!(
            "there is no column \"{unknown}\"; the columns are {}",
            known.join(", ")
        ));
    }
    let column = |title: &str| titles.iter().position(|found| found == title);
    let (Some(name), Some(birth_date)) = (column("name"), column("birth_date")) else {
        return Err("the first line needs the titles name and birth_date".to_owned());
    };
    let mut people = Vec::new();
    let mut wrong = Vec::new();
    let mut references = std::collections::BTreeSet::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                wrong.push(format!(
                    "line {line}: it has another number of cells than the first"
                ));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |index: Option<usize>| {
            let text = record.get(index?)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let is_long = record
            .iter()
            .any(|text| text.chars().count() > limits::LINE_CHARS);
        let date = record.get(birth_date).and_then(LocalDate::parse);
        let reference = cell(column("reference"));
        let is_twice = reference
            .as_ref()
            .is_some_and(|reference| !references.insert(reference.clone()));
        match (cell(Some(name)), date) {
            _ if is_long => wrong.push(format!("line {line}: a cell is longer than 200 characters")),
            _ if is_twice => wrong.push(format!("line {line}: the reference stands twice")),
            (None, _) => wrong.push(format!("line {line}: there is no name")),
            (_, None) => wrong.push(format!(
                "line {line}: the birth date is no date, write it as 1975-04-01"
            )),
            (Some(name), Some(birth_date)) => people.push((
                line,
                Person {
                    name,
                    name_reading: cell(column("name_reading")),
                    birth_date,
                    reference,
                    dietitian: cell(column("dietitian")),
                },
            )),
        }
    }
    if wrong.is_empty() {
        Ok(people)
    } else {
        Err(nobody_invited(&wrong))
    }
}

pub(super) async fn list(server: &Server, society: &str) -> Result<String, String> {
    let society_id = societies::find(server, society).await?;
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let input = (society_id, after, server.host.now());
        let page = server.read(input, |tx, (society_id, after, now)| {
            boxed(coordination::invitation_page(tx, *society_id, *after, *now))
        });
        let (page, has_more) = page.await.map_err(|fault| failed(&fault))?;
        after = page.last().map(|invitation| invitation.invitation_id);
        lines.extend(page.into_iter().map(|invitation| {
            let reference = invitation.external_ref.unwrap_or_default();
            let state = invitation.state.as_str().to_owned();
            vec![
                reference,
                state,
                invitation.name,
                invitation.invitation_id.to_string(),
            ]
        }));
        if !has_more {
            return Ok(table(&["reference", "state", "name", "id"], lines));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_spreadsheet_is_read_with_its_byte_order_mark_and_in_any_order_of_columns() {
        let file =
            "\u{feff}birth_date,reference,name\n1975-04-01,A-1, Simulated One \n1968-11-30,,Simulated Two\n";
        let people = read_people(file.as_bytes()).unwrap();
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].1.name, "Simulated One");
        assert_eq!(people[0].1.reference.as_deref(), Some("A-1"));
        assert_eq!(people[1].1.reference, None, "an empty cell is none");
    }

    #[test]
    fn every_bad_line_is_named_and_what_stands_in_it_is_not() {
        let file = "name,birth_date,reference\nSimulated,1975-04-31,A\n,1975-04-01,B\nSimulated,1975-04-01,B\nSimulated\n";
        let why = read_people(file.as_bytes()).err().unwrap();
        assert_eq!(why.lines().count(), 5, "{why}");
        assert!(!why.contains("Simulated") && !why.contains("1975-04-31"), "{why}");
        for line in ["line 2", "line 3", "line 4", "line 5"] {
            assert!(why.contains(line), "{why}");
        }
    }

    #[test]
    fn a_file_in_another_encoding_or_with_other_titles_says_what_to_do() {
        assert!(
            read_people(b"name,birth_date\n\x8e\x52,1975-04-01\n")
                .err()
                .unwrap()
                .contains("UTF-8")
        );
        assert!(
            read_people(b"name,birthday\n")
                .err()
                .unwrap()
                .contains("birthday")
        );
        assert!(read_people(b"name\n").err().unwrap().contains("birth_date"));
    }
}
