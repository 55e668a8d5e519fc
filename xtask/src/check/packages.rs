//! What cargo says about the packages of the workspace and everything they pull in.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::repository::{Repository, answer};

/// A package, ours or somebody else's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Package {
    pub name: String,
    pub version: String,
    /// SPDX expression, if the package states one.
    pub licence: Option<String>,
    /// Folder of a member of the workspace, relative to the top with `/`; `None` for somebody else's package.
    pub folder: Option<String>,
    /// Where it was downloaded from; `None` for a path.
    pub source: Option<String>,
    /// What it asks for directly.
    pub dependencies: Vec<Dependency>,
}

/// A line of a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub name: String,
    /// As cargo writes it, for example `^1.29`.
    pub requirement: String,
    /// Only for tests.
    pub is_dev: bool,
    /// Behind a feature.
    pub is_optional: bool,
    /// Another package of this repository.
    pub is_ours: bool,
}

/// All packages of the lock file, whatever the features: the encrypted engine is shipped too.
pub(crate) fn read(repository: &Repository) -> Result<Vec<Package>, String> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--all-features"];
    parse(&answer(&mut repository.cargo(&arguments))?)
}

/// Reads the answer of `cargo metadata`, format version 1.
///
/// Errors: a sentence, if something that the format promises is not there.
pub(crate) fn parse(metadata: &str) -> Result<Vec<Package>, String> {
    let root: Value = serde_json::from_str(metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let workspace = Path::new(text(&root, "workspace_root")?);
    let members: BTreeSet<&str> = list(&root, "workspace_members")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let package = |value: &Value| {
        let folder = Path::new(text(value, "manifest_path")?)
            .parent()
            .and_then(|path| path.strip_prefix(workspace).ok());
        let is_member = members.contains(text(value, "id")?);
        Ok(Package {
            name: text(value, "name")?.to_owned(),
            version: text(value, "version")?.to_owned(),
            licence: optional_text(value, "license"),
            folder: folder
                .filter(|_| is_member)
                .map(|path| path.to_string_lossy().replace('\\', "/")),
            source: optional_text(value, "source"),
            dependencies: list(value, "dependencies")?
                .iter()
                .map(dependency)
                .collect::<Result<_, String>>()?,
        })
    };
    list(&root, "packages")?.iter().map(package).collect()
}

fn dependency(value: &Value) -> Result<Dependency, String> {
    Ok(Dependency {
        name: text(value, "name")?.to_owned(),
        requirement: text(value, "req")?.to_owned(),
        is_dev: optional_text(value, "kind").as_deref() == Some("dev"),
        is_optional: value.get("optional").and_then(Value::as_bool).unwrap_or_default(),
        is_ours: value.get("path").is_some_and(Value::is_string),
    })
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("cargo metadata: no text under {key}"))
}

fn optional_text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v Vec<Value>, String> {
    value
        .get(key)
        .and_then(Value::as_array)
        .ok_or_else(|| format!("cargo metadata: no list under {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_strangers_are_told_apart() {
        let metadata = r#"{
            "workspace_root": "/r", "workspace_members": ["a"],
            "packages": [
                { "id": "a", "name": "ayumi-core", "version": "0.1.0", "license": "MIT", "source": null,
                  "manifest_path": "/r/core/app/Cargo.toml",
                  "dependencies": [
                      { "name": "csv", "req": "^1.4", "kind": null, "optional": true },
                      { "name": "ayumi-guidance", "req": "*", "kind": "dev", "optional": false, "path": "/r/core/guidance" }
                  ] },
                { "id": "b", "name": "csv", "version": "1.4.0", "license": null, "source": "registry+x",
                  "manifest_path": "/elsewhere/csv/Cargo.toml", "dependencies": [] }
            ]
        }"#;
        let csv = Dependency {
            name: "csv".into(),
            requirement: "^1.4".into(),
            is_optional: true,
            ..Dependency::default()
        };
        let guidance = Dependency {
            name: "ayumi-guidance".into(),
            requirement: "*".into(),
            is_dev: true,
            is_ours: true,
            ..Dependency::default()
        };
        let ours = Package {
            name: "ayumi-core".into(),
            version: "0.1.0".into(),
            licence: Some("MIT".into()),
            folder: Some("core/app".into()),
            source: None,
            dependencies: vec![csv, guidance],
        };
        let theirs = Package {
            name: "csv".into(),
            version: "1.4.0".into(),
            source: Some("registry+x".into()),
            ..Package::default()
        };
        assert_eq!(parse(metadata).unwrap(), [ours, theirs]);
    }

    #[test]
    fn an_answer_of_another_form_is_an_error_that_names_the_key() {
        assert!(parse("{}").unwrap_err().contains("workspace_root"));
        assert!(parse("no json").unwrap_err().contains("cargo metadata"));
    }
}
