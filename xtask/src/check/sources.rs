//! Words that may stand only in certain folders. A manifest cannot show these borders; the text can.

use std::fs;
use std::path::Path;

/// A word and the places where it may not stand.
struct Rule {
    /// Found as whole words in code, outside comments and test modules.
    words: &'static [&'static str],
    /// Where it is searched: beginnings of paths.
    within: &'static [&'static str],
    /// Where it may stand all the same: beginnings of paths, or `*/name.rs` for a file and `*/name/` for a folder of that name anywhere.
    except: &'static [&'static str],
    /// Said with every finding.
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        words: &["uniffi"],
        within: &["core/", "cli/", "server/", "tests/"],
        except: &[],
        why: "bindings/ is the only folder that knows the foreign languages",
    },
    Rule {
        words: &["jni"],
        within: &["core/", "cli/", "server/", "tests/"],
        except: &[],
        why: "bindings/ is the only folder that knows the foreign languages",
    },
    Rule {
        words: &["axum"],
        within: &["core/", "cli/"],
        except: &[],
        why: "HTTP is served by server/ alone",
    },
    Rule {
        words: &["ayumi_server", "tokio"],
        within: &["cli/src/"],
        except: &["cli/src/commands/demo/"],
        why: "the terminal shell is a phone; only the demonstration brings its own server",
    },
    Rule {
        words: &["reqwest", "tokio"],
        within: &["core/"],
        except: &["core/app/src/net"],
        why: "the engine does no I/O; the network lives in the module net",
    },
    Rule {
        words: &["SystemTime::now", "Instant::now", "Utc::now", "Local::now"],
        within: &["core/", "cli/", "server/"],
        except: &["core/app/src/clock.rs", "server/src/host.rs"],
        why: "time is handed in: take a Clock",
    },
    Rule {
        words: &["thread_rng", "getrandom", "rand"],
        within: &["core/"],
        except: &[],
        why: "randomness is handed in, so that a run can be repeated from a seed",
    },
    Rule {
        words: &["thread::spawn"],
        within: &["core/"],
        except: &["core/app/src/net", "core/app/src/app"],
        why: "the core has one thread of its own, which App starts",
    },
    Rule {
        words: &["tokio::time", "tokio::spawn", "spawn_blocking"],
        within: &["server/src/"],
        except: &[
            "server/src/host.rs",
            "server/src/serve/",
            "server/src/admin/",
            "server/src/main.rs",
            "server/src/store/",
            "server/src/testing/",
            "server/src/waiting/postgres.rs",
        ],
        why: "whatever a phone talks to also runs in one thread and in virtual time: take it from the Host",
    },
    Rule {
        words: &["rusqlite", "tokio_postgres"],
        within: &["server/src/"],
        except: &[
            "server/src/store/",
            "server/src/testing/",
            "server/src/waiting/postgres.rs",
        ],
        why: "only the store knows an engine",
    },
    Rule {
        words: &["rusqlite"],
        within: &["core/guidance", "core/protocol", "cli/"],
        except: &[],
        why: "pure rules and shells know no database",
    },
    Rule {
        words: &[
            "SELECT",
            "INSERT INTO",
            "INSERT OR",
            "DELETE FROM",
            "CREATE TABLE",
            "ON CONFLICT",
        ],
        within: &["core/", "cli/", "server/src/"],
        except: &["core/app/src/store/", "server/src/store/", "*/sql.rs", "*/sql/"],
        why: "statements stand in the sql.rs of the module that owns the table, migrations in store",
    },
    Rule {
        words: &["SELECT *"],
        within: &["core/", "cli/", "server/"],
        except: &[],
        why: "columns are named, so that a new one cannot change a result",
    },
];

/// Folders with code or data of the repository; what stands beside them is built or local.
const FOLDERS: &[&str] = &[
    ".cargo", "core", "bindings", "server", "cli", "ios", "android", "tests", "xtask", "docs",
];

/// Folder names that hold what tools make.
const MADE: &[&str] = &["target", "artifacts", "corpus"];

/// Every word that stands where it may not, and every manifest that names a place on somebody's disk, as sentences
/// `file:line: ...`.
///
/// Errors: a sentence, if a file cannot be read.
pub(crate) fn findings(root: &Path) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for path in files(root)? {
        let is_manifest = path.ends_with("Cargo.toml") || path.starts_with(".cargo/");
        let is_rust = Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "rs");
        if !is_manifest && !is_rust {
            continue;
        }
        let text = fs::read_to_string(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        findings.extend(if is_manifest {
            machine_paths(&path, &text)
        } else {
            misplaced_words(&path, &text)
        });
    }
    Ok(findings)
}

/// All files of the repository's folders and its top, relative to the top with `/`, in order.
///
/// Errors: a sentence, if a folder cannot be read.
pub(crate) fn files(root: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for entry in entries(root)? {
        if root.join(&entry).is_file() {
            found.push(entry);
        } else if FOLDERS.contains(&entry.as_str()) {
            walk(root, &entry, &mut found)?;
        }
    }
    Ok(found)
}

fn walk(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<(), String> {
    for entry in entries(&root.join(folder))? {
        let path = format!("{folder}/{entry}");
        if !root.join(&path).is_dir() {
            found.push(path);
        } else if !MADE.contains(&entry.as_str()) {
            walk(root, &path, found)?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<String>, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        names.push(entry.map_err(problem)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn misplaced_words(path: &str, text: &str) -> Vec<String> {
    if is_test(path) {
        return Vec::new();
    }
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.applies_to(path)).collect();
    let mut findings = Vec::new();
    for (number, line) in code(text) {
        for rule in &rules {
            let words = rule.words.iter().filter(|word| has_word(line, word));
            findings.extend(words.map(|word| format!("{path}:{number}: `{word}`: {}", rule.why)));
        }
    }
    findings
}

impl Rule {
    fn applies_to(&self, path: &str) -> bool {
        let is_excepted = self.except.iter().any(|place| match place.strip_prefix('*') {
            Some(folder) if folder.ends_with('/') => path.contains(folder),
            Some(end) => path.ends_with(end),
            None => path.starts_with(place),
        });
        !is_excepted && self.within.iter().any(|place| path.starts_with(place))
    }
}

/// A file of unit tests inside a crate. Files under the folder `tests` at the top are searched: they are code there.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
        || (path.contains("/src/") && path.contains("/tests/"))
}

/// The lines of a file that are code, numbered from 1: without comments and without the bodies of test modules.
///
/// It relies on rustfmt: a module at the left margin ends at the first `}` at the left margin. `//` inside a string
/// ends the line too, which can only hide a word behind an address.
fn code(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let (mut is_after_cfg_test, mut is_in_tests) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        if is_in_tests {
            is_in_tests = line != "}";
            continue;
        }
        if is_after_cfg_test && line.starts_with("mod ") && line.ends_with('{') {
            is_in_tests = true;
        }
        // Other attributes may stand between `cfg(test)` and the module.
        is_after_cfg_test = line == "#[cfg(test)]" || (is_after_cfg_test && line.starts_with("#["));
        lines.push((number, line.split("//").next().unwrap_or_default()));
    }
    lines
}

/// Whether `word` stands in `line` with no letter, digit or underscore on either side.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, found)| {
        let before = line.get(..start).and_then(|head| head.chars().next_back());
        let after = line
            .get(start.saturating_add(found.len())..)
            .and_then(|tail| tail.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Lines of a manifest that name an absolute place, which exists on one machine only.
fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let is_absolute = |line: &str| {
        let value = line.split('#').next().unwrap_or_default().replace(' ', "");
        ["=\"/", "=\"~", "=\"file:", "=\"C:", "[\"/"]
            .iter()
            .any(|start| value.contains(start))
    };
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| is_absolute(line))
        .map(|(number, line)| format!("{path}:{number}: `{}`: exists on one machine only", line.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        misplaced_words(path, text)
    }

    #[test]
    fn the_wall_clock_is_read_in_one_file() {
        let text = "let now = SystemTime::now();\n";
        assert_eq!(found("core/app/src/clock.rs", text), [""; 0]);
        assert_eq!(
            found("core/app/src/steps/derive.rs", text),
            ["core/app/src/steps/derive.rs:1: `SystemTime::now`: time is handed in: take a Clock"]
        );
    }

    #[test]
    fn statements_stand_in_sql_rs_and_store() {
        let text = "const Q: &str = \"\n    SELECT day\n    FROM step_day\";\n";
        assert_eq!(found("core/app/src/steps/sql.rs", text), [""; 0]);
        assert_eq!(found("core/app/src/steps/sql/days.rs", text), [""; 0]);
        assert_eq!(found("core/app/src/store/mod.rs", text), [""; 0]);
        assert_eq!(found("core/app/src/steps/mod.rs", text).len(), 1);
        assert_eq!(found("cli/src/main.rs", text).len(), 1);
    }

    #[test]
    fn a_star_is_found_even_in_sql_rs() {
        assert_eq!(found("core/app/src/steps/sql.rs", "\"SELECT *\"").len(), 1);
    }

    #[test]
    fn the_network_lives_in_its_module() {
        assert_eq!(found("core/app/src/net/mod.rs", "use reqwest::Client;"), [""; 0]);
        assert_eq!(found("core/app/src/sync/mod.rs", "use reqwest::Client;").len(), 1);
    }

    #[test]
    fn a_word_inside_another_word_is_not_found() {
        assert!(has_word("use rand::Rng;", "rand"));
        assert!(!has_word("let operand = rand_count;", "rand"));
        assert!(!has_word("// PRESELECTED", "SELECT"));
    }

    #[test]
    fn comments_and_test_modules_are_not_code() {
        let text = "//! uniffi\nfn a() {} // uniffi\n#[cfg(test)]\n#[allow(dead_code)]\nmod tests {\n    use uniffi;\n}\n";
        assert_eq!(found("core/app/src/lib.rs", text), [""; 0]);
        assert_eq!(found("core/app/src/steps/tests.rs", "use uniffi;"), [""; 0]);
    }

    #[test]
    fn code_after_a_test_module_is_code_again() {
        let text = "#[cfg(test)]\nmod tests {\n    fn a() {}\n}\nuse uniffi;\n";
        assert_eq!(found("core/app/src/lib.rs", text).len(), 1);
        let declared = "#[cfg(test)]\nmod tests;\nuse uniffi;\n";
        assert_eq!(found("core/app/src/lib.rs", declared).len(), 1);
    }

    #[test]
    fn a_manifest_names_no_place_on_one_machine() {
        assert_eq!(
            machine_paths("Cargo.toml", "ayumi-core = { path = \"core/app\" }\n"),
            [""; 0]
        );
        let found = machine_paths("Cargo.toml", "[dependencies]\ncsv = { path = \"/home/a/csv\" }\n");
        assert_eq!(
            found,
            ["Cargo.toml:2: `csv = { path = \"/home/a/csv\" }`: exists on one machine only"]
        );
    }

    #[test]
    fn files_leave_out_what_tools_make() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "Cargo.toml",
            "core/a.rs",
            "core/target/b.rs",
            "target/c.rs",
            "tests/fuzz/corpus/d",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(files(root.path()).unwrap(), ["Cargo.toml", "core/a.rs"]);
    }
}
