//! The table of folders: what each package may depend on. Source: STYLE.md, folders.

use super::packages::{Dependency, Package};

/// One row of the table.
struct Layer {
    /// Name of the package.
    package: &'static str,
    /// Where it lives.
    folder: &'static str,
    /// Packages of this repository that it may use.
    ours: Ours,
    /// Packages of others that it may use. Dependencies of tests alone are free.
    others: Others,
}

enum Ours {
    Any,
    Only(&'static [&'static str]),
}

enum Others {
    /// A pure crate: these and nothing else.
    Only(&'static [&'static str]),
    /// Everything that docs/dependencies.md argues but these.
    AllBut(&'static [&'static str]),
}

/// The table. A new package gets its row here, or the check fails.
const LAYERS: &[Layer] = &[
    Layer {
        package: "ayumi-guidance",
        folder: "core/guidance",
        ours: Ours::Only(&[]),
        others: Others::Only(&[
            "chrono",
            "serde",
            "serde_json",
            "thiserror",
            "unicode-normalization",
        ]),
    },
    Layer {
        package: "ayumi-protocol",
        folder: "core/protocol",
        ours: Ours::Only(&[]),
        others: Others::Only(&["serde", "serde_json", "thiserror", "utoipa", "uuid"]),
    },
    Layer {
        package: "ayumi-core",
        folder: "core/app",
        ours: Ours::Only(&["ayumi-guidance", "ayumi-protocol"]),
        others: Others::AllBut(&["axum", "clap", "getrandom", "jni", "rand", "uniffi"]),
    },
    Layer {
        package: "ayumi-bindings",
        folder: "bindings",
        ours: Ours::Only(&["ayumi-core"]),
        others: Others::Only(&["thiserror", "uniffi"]),
    },
    Layer {
        package: "ayumi-server",
        folder: "server",
        ours: Ours::Only(&["ayumi-guidance", "ayumi-protocol"]),
        others: Others::AllBut(&["jni", "uniffi"]),
    },
    Layer {
        package: "ayumi-cli",
        folder: "cli",
        // The server only for the demonstration.
        ours: Ours::Only(&["ayumi-core", "ayumi-guidance", "ayumi-protocol", "ayumi-server"]),
        others: Others::AllBut(&["axum", "jni", "reqwest", "rusqlite", "uniffi"]),
    },
    Layer {
        package: "ayumi-tests",
        folder: "tests",
        ours: Ours::Any,
        others: Others::AllBut(&[]),
    },
    Layer {
        package: "ayumi-lossy-vfs",
        folder: "tests/lossy-vfs",
        ours: Ours::Only(&[]),
        others: Others::Only(&["rusqlite"]),
    },
    Layer {
        package: "xtask",
        folder: "xtask",
        ours: Ours::Only(&[]),
        others: Others::Only(&["serde_json", "tempfile"]),
    },
];

/// Crates that only the module `net` of the core may use, so only behind a feature.
const BEHIND_A_FEATURE: &[&str] = &["reqwest", "tokio"];

/// Everything in which the packages differ from the table, as sentences.
pub(crate) fn findings(packages: &[Package]) -> Vec<String> {
    let members = packages
        .iter()
        .filter_map(|package| package.folder.as_ref().map(|folder| (package, folder)));
    let mut findings = Vec::new();
    for (package, folder) in members {
        let Some(layer) = LAYERS.iter().find(|layer| layer.package == package.name) else {
            findings.push(format!(
                "{}: no row in the table of layers (xtask/src/check/layers.rs)",
                package.name
            ));
            continue;
        };
        if layer.folder != folder {
            findings.push(format!(
                "{}: is in {folder} and belongs in {}",
                package.name, layer.folder
            ));
        }
        let broken = package
            .dependencies
            .iter()
            .filter_map(|dependency| forbidden(layer, dependency));
        findings.extend(broken.map(|reason| format!("{}: {reason}", package.name)));
    }
    let strays = packages.iter().filter(|package| package.folder.is_none());
    for stray in strays {
        match &stray.source {
            None => findings.push(format!(
                "{}: comes from a path outside this workspace",
                stray.name
            )),
            Some(source) if !source.starts_with("registry+") => {
                findings.push(format!(
                    "{}: comes from {source}; only released versions have a stable text",
                    stray.name
                ));
            }
            Some(_) => {}
        }
    }
    findings
}

/// Why a layer may not have this dependency.
fn forbidden(layer: &Layer, dependency: &Dependency) -> Option<String> {
    // A package names itself in order to turn on a feature in its own tests.
    if dependency.name == layer.package {
        return None;
    }
    let name = dependency.name.as_str();
    if dependency.is_ours {
        let is_allowed = match layer.ours {
            Ours::Any => name != "xtask",
            Ours::Only(allowed) => allowed.contains(&name),
        };
        return (!is_allowed).then(|| format!("may not depend on {name}"));
    }
    let is_allowed = match layer.others {
        _ if dependency.is_dev => true,
        Others::Only(allowed) => allowed.contains(&name),
        Others::AllBut(refused) => !refused.contains(&name),
    };
    if !is_allowed {
        return Some(format!("may not depend on {name}"));
    }
    let is_loose =
        layer.package == "ayumi-core" && BEHIND_A_FEATURE.contains(&name) && !dependency.is_optional;
    (is_loose && !dependency.is_dev).then(|| format!("may depend on {name} only behind a feature"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(name: &str) -> Dependency {
        Dependency {
            name: name.into(),
            is_ours: true,
            ..Dependency::default()
        }
    }

    fn theirs(name: &str) -> Dependency {
        Dependency {
            name: name.into(),
            ..Dependency::default()
        }
    }

    fn member(name: &str, folder: &str, dependencies: Vec<Dependency>) -> Package {
        Package {
            name: name.into(),
            folder: Some(folder.into()),
            dependencies,
            ..Package::default()
        }
    }

    #[test]
    fn downwards_is_the_only_direction() {
        let good = [
            member("ayumi-cli", "cli", vec![ours("ayumi-core"), theirs("clap")]),
            member(
                "ayumi-core",
                "core/app",
                vec![ours("ayumi-guidance"), theirs("rusqlite")],
            ),
            member("ayumi-guidance", "core/guidance", vec![theirs("thiserror")]),
        ];
        assert_eq!(findings(&good), [""; 0]);
        let upwards = [member(
            "ayumi-guidance",
            "core/guidance",
            vec![ours("ayumi-core")],
        )];
        assert_eq!(
            findings(&upwards),
            ["ayumi-guidance: may not depend on ayumi-core"]
        );
    }

    #[test]
    fn the_core_never_sees_the_bindings_library_or_a_random_source() {
        let core = [member(
            "ayumi-core",
            "core/app",
            vec![theirs("uniffi"), theirs("getrandom")],
        )];
        assert_eq!(
            findings(&core),
            [
                "ayumi-core: may not depend on uniffi",
                "ayumi-core: may not depend on getrandom"
            ]
        );
    }

    #[test]
    fn the_network_stays_behind_a_feature() {
        let loose = [member("ayumi-core", "core/app", vec![theirs("reqwest")])];
        assert_eq!(
            findings(&loose),
            ["ayumi-core: may depend on reqwest only behind a feature"]
        );
        let optional = Dependency {
            is_optional: true,
            ..theirs("reqwest")
        };
        assert_eq!(
            findings(&[member("ayumi-core", "core/app", vec![optional])]),
            [""; 0]
        );
    }

    #[test]
    fn tests_may_use_what_the_shipped_code_may_not() {
        let dev = Dependency {
            is_dev: true,
            ..theirs("proptest")
        };
        assert_eq!(
            findings(&[member("ayumi-guidance", "core/guidance", vec![dev])]),
            [""; 0]
        );
    }

    #[test]
    fn nothing_depends_on_the_command_runner() {
        let tests = [member(
            "ayumi-tests",
            "tests",
            vec![ours("ayumi-core"), ours("xtask")],
        )];
        assert_eq!(findings(&tests), ["ayumi-tests: may not depend on xtask"]);
    }

    #[test]
    fn a_package_without_a_row_or_in_another_folder_is_found() {
        let packages = [
            member("ayumi-core", "core/engine", vec![]),
            member("ayumi-extra", "extra", vec![]),
        ];
        assert_eq!(
            findings(&packages),
            [
                "ayumi-core: is in core/engine and belongs in core/app",
                "ayumi-extra: no row in the table of layers (xtask/src/check/layers.rs)"
            ]
        );
    }

    #[test]
    fn packages_come_from_a_registry_and_not_from_somebodys_disk() {
        let from = |source: Option<&str>| Package {
            name: "csv".into(),
            source: source.map(Into::into),
            ..Package::default()
        };
        assert_eq!(findings(&[from(Some("registry+index"))]), [""; 0]);
        assert_eq!(
            findings(&[from(None)]),
            ["csv: comes from a path outside this workspace"]
        );
        assert!(
            findings(&[from(Some("git+somewhere"))])
                .iter()
                .any(|finding| finding.contains("git+somewhere"))
        );
    }
}
