//! The audit: verifying and showing it.

use ayumi_protocol::hash::Sha256;
use uuid::Uuid;

use super::{failed, table};
use crate::audit::{show, verify};
use crate::server::Server;

pub(super) async fn verify(server: &Server, kept: Option<(i64, Sha256)>) -> Result<String, String> {
    let report = verify::verify(server, kept)
        .await
        .map_err(|fault| failed(&fault))?;
    let counts = format!(
        "{} chains of cases, {} other chains, {} rows, {} digests",
        report.cases, report.others, report.rows, report.digests
    );
    if report.findings.is_empty() {
        let last = match report.last_digest {
            Some((seq, digest)) => format!("keep elsewhere\t{seq}:{digest}"),
            None => "there is no digest yet: a serving node writes one a day".to_owned(),
        };
        return Ok(format!("verified: {counts}\n{last}"));
    }
    let mut lines = vec![format!("the audit does not verify ({counts})")];
    lines.extend(report.findings.iter().map(ToString::to_string));
    if report.left_out > 0 {
        lines.push(format!("and {} more", report.left_out));
    }
    Err(lines.join("\n"))
}

pub(super) async fn show(server: &Server, chain: &str) -> Result<String, String> {
    let chain_id = match chain {
        "server" => Uuid::nil(),
        id => Uuid::try_parse(id).map_err(|_| "it is neither the id of a case or an account nor `server`")?,
    };
    let rows = show::rows(server, chain_id)
        .await
        .map_err(|fault| failed(&fault))?;
    if rows.is_empty() {
        return Err("there is no row of this case or account".to_owned());
    }
    Ok(table(show::TITLES, rows))
}
