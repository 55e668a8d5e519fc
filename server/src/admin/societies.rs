//! Societies and their consent texts.

use std::fs;
use std::path::Path;

use ayumi_protocol::id::SocietyId;
use ayumi_protocol::problem::ProblemCode;

use super::{explain, failed, table};
use crate::server::Server;
use crate::societies;

pub(super) async fn create(server: &Server, code: &str, name: &str) -> Result<String, String> {
    let society_id = societies::create(server, code, name).await.map_err(|fault| {
        let why = "there is a society with this code already, or code or name is empty or too long";
        explain(&fault, &ProblemCode::InvalidValue, why)
    })?;
    Ok(society_id.to_string())
}

pub(super) async fn list(server: &Server) -> Result<String, String> {
    let societies = societies::list(server).await.map_err(|fault| failed(&fault))?;
    let lines = societies
        .into_iter()
        .map(|society| vec![society.code, society.name, society.society_id.to_string()]);
    Ok(table(&["code", "name", "id"], lines))
}

pub(super) async fn consent_text(
    server: &Server,
    society: &str,
    version: &str,
    file: &Path,
) -> Result<String, String> {
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let society_id = find(server, society).await?;
    societies::add_consent_text(server, society_id, version, &text)
        .await
        .map_err(|fault| {
            let why = "the society has this version already, its name is not made of lower-case letters, digits and `_ . - / +`, \
                       or the text is empty or longer than 50,000 characters";
            explain(&fault, &ProblemCode::InvalidValue, why)
        })?;
    Ok(format!("version {version} is in force"))
}

pub(super) async fn find(server: &Server, code: &str) -> Result<SocietyId, String> {
    societies::find(server, code).await.map_err(|fault| {
        let why = "there is no society with this code: `admin society-list` shows them, `admin society-create` makes one";
        explain(&fault, &ProblemCode::NotFound, why)
    })
}
