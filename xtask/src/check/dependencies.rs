//! Every direct dependency is argued in docs/dependencies.md and pinned to a minor version.

use std::collections::BTreeSet;

use super::packages::{Dependency, Package};

/// What is not argued and what is not pinned, as sentences.
///
/// Shapes: `argued` is the text of docs/dependencies.md, which names each crate in backticks.
pub(crate) fn findings(packages: &[Package], argued: &str) -> Vec<String> {
    let direct: BTreeSet<(&str, &str)> = packages
        .iter()
        .filter(|package| package.folder.is_some())
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| !dependency.is_ours)
        .map(
            |Dependency {
                 name, requirement, ..
             }| (name.as_str(), requirement.as_str()),
        )
        .collect();
    let names: BTreeSet<&str> = direct.iter().map(|(name, _)| *name).collect();
    let unargued = names
        .into_iter()
        .filter(|name| !argued.contains(&format!("`{name}`")))
        .map(|name| format!("{name}: docs/dependencies.md does not say why it is here"));
    let loose = direct
        .iter()
        .filter(|(_, requirement)| !is_pinned(requirement))
        .map(|(name, requirement)| format!("{name}: `{requirement}` does not pin a minor version"));
    unargued.chain(loose).collect()
}

/// Whether a requirement names at least major and minor version: `^1.29`, `^0.4.45`, `=2.0.1`.
fn is_pinned(requirement: &str) -> bool {
    let version = requirement.trim_start_matches(['^', '=', '~']);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = version.split('.');
    parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking_for(name: &str, requirement: &str) -> Package {
        let dependency = Dependency {
            name: name.into(),
            requirement: requirement.into(),
            ..Dependency::default()
        };
        Package {
            folder: Some("core/app".into()),
            dependencies: vec![dependency],
            ..Package::default()
        }
    }

    #[test]
    fn a_dependency_that_nobody_argued_is_found_by_its_whole_name() {
        let packages = [asking_for("serde", "^1.0")];
        assert_eq!(findings(&packages, "| `serde` | reads |"), [""; 0]);
        assert_eq!(
            findings(&packages, "| `serde_json` | reads |"),
            ["serde: docs/dependencies.md does not say why it is here"]
        );
    }

    #[test]
    fn a_version_is_pinned_to_its_minor_part() {
        for pinned in ["^1.29", "^0.4.45", "=2.0.1", "~1.2"] {
            assert!(is_pinned(pinned), "{pinned}");
        }
        for loose in ["*", "^1", ">=1.2", "", "^1.x"] {
            assert!(!is_pinned(loose), "{loose}");
        }
    }

    #[test]
    fn what_a_dependency_asks_for_is_its_own_business() {
        let theirs = Package {
            folder: None,
            ..asking_for("libc", "*")
        };
        assert_eq!(findings(&[theirs], ""), [""; 0]);
    }
}
