//! Licence policy: what may be linked into an app that is shipped in stores under MIT or Apache-2.0.

use super::packages::Package;

/// Licences that ask for no more than a notice in the app, each with the reason why it is here.
const ALLOWED: &[(&str, &str)] = &[
    ("MIT", "our own"),
    ("Apache-2.0", "our own"),
    ("BSD-2-Clause", "notice only"),
    (
        "BSD-3-Clause",
        "notice only; SQLCipher, and the rasteriser of the terminal shell",
    ),
    ("ISC", "notice only"),
    ("Zlib", "notice only; the decompressor"),
    ("0BSD", "no condition"),
    ("CC0-1.0", "no condition"),
    ("Unlicense", "no condition"),
    ("blessing", "no condition; SQLite's"),
    ("WTFPL", "no condition; libtomcrypt's, inside SQLCipher"),
    (
        "CDLA-Permissive-2.0",
        "data: the text travels with it; Mozilla's list of root certificates",
    ),
    ("Unicode-3.0", "notice only; Unicode's tables"),
    (
        "MPL-2.0",
        "changes to its own files must be published, and none are made",
    ),
    (
        "OFL-1.1",
        "fonts: may be embedded, not sold alone; the licence text travels with the font",
    ),
];

/// Packages of others whose licence is not allowed or not stated, as sentences.
pub(crate) fn findings(packages: &[Package]) -> Vec<String> {
    let strangers = packages.iter().filter(|package| package.folder.is_none());
    strangers
        .filter_map(
            |Package {
                 name,
                 version,
                 licence,
                 ..
             }| match licence {
                None => Some(format!("{name} {version}: states no licence")),
                Some(licence) if is_allowed(licence) => None,
                Some(licence) => Some(format!(
                    "{name} {version}: licence `{licence}` is not in the policy"
                )),
            },
        )
        .collect()
}

/// Fonts that stand in a folder without their licence.
///
/// Shapes: `files` are paths relative to the top, with `/`.
pub(crate) fn unlicensed_fonts(files: &[String]) -> Vec<String> {
    let is_font = |path: &str| [".ttf", ".otf", ".woff2"].iter().any(|end| path.ends_with(end));
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    };
    let is_licence = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.starts_with("OFL") || name.starts_with("LICENSE")
    };
    files
        .iter()
        .filter(|font| is_font(font))
        .filter(|font| {
            !files
                .iter()
                .any(|file| is_licence(file) && folder(file) == folder(font))
        })
        .map(|font| format!("{font}: no OFL or LICENSE file beside it"))
        .collect()
}

/// Whether an SPDX expression can be satisfied with allowed licences only: one side of OR, both sides of AND.
///
/// An exception (`WITH`) only adds permissions, so it is passed over. Old manifests write `/` for OR.
/// Source: SPDX specification 2.3, annex D (AND binds closer than OR).
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (is_allowed, rest) = any(&words);
    is_allowed && rest.is_empty()
}

/// `a OR b OR c`: the verdict, and the words after it.
fn any<'w, 't>(words: &'w [&'t str]) -> (bool, &'w [&'t str]) {
    let (mut verdict, mut rest) = all(words);
    while let ["OR", tail @ ..] = rest {
        let (next, after) = all(tail);
        (verdict, rest) = (verdict || next, after);
    }
    (verdict, rest)
}

/// `a AND b AND c`.
fn all<'w, 't>(words: &'w [&'t str]) -> (bool, &'w [&'t str]) {
    let (mut verdict, mut rest) = one(words);
    while let ["AND", tail @ ..] = rest {
        let (next, after) = one(tail);
        (verdict, rest) = (verdict && next, after);
    }
    (verdict, rest)
}

/// A licence, one with an exception, or an expression in brackets. What cannot be read is not allowed.
fn one<'w, 't>(words: &'w [&'t str]) -> (bool, &'w [&'t str]) {
    match words {
        ["(", tail @ ..] => match any(tail) {
            (verdict, [")", rest @ ..]) => (verdict, rest),
            (_, rest) => (false, rest),
        },
        [name, "WITH", _, rest @ ..] | [name, rest @ ..] => {
            (ALLOWED.iter().any(|(allowed, _)| allowed == name), rest)
        }
        [] => (false, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_allowed_if_allowed_licences_can_satisfy_it() {
        for allowed in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "MIT OR Apache-2.0 OR LGPL-2.1-or-later",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
    }

    #[test]
    fn an_expression_that_asks_for_more_is_refused() {
        for refused in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR Apache-2.0) AND NCSA",
            "GPL-3.0 OR AGPL-3.0 AND MIT",
            "",
            "(MIT",
            "MIT MIT",
            "MIT AND",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn a_package_that_states_no_licence_is_found_and_our_own_is_not_asked() {
        let stranger = Package {
            name: "odd".into(),
            version: "1.0.0".into(),
            ..Package::default()
        };
        let ours = Package {
            name: "ayumi-core".into(),
            folder: Some("core/app".into()),
            ..Package::default()
        };
        assert_eq!(findings(&[stranger, ours]), ["odd 1.0.0: states no licence"]);
    }

    #[test]
    fn a_font_stands_beside_its_licence() {
        let paths = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            unlicensed_fonts(&paths(&["cli/fonts/a.otf", "cli/fonts/OFL.txt"])),
            [""; 0]
        );
        assert_eq!(
            unlicensed_fonts(&paths(&["cli/fonts/a.otf", "LICENSE-MIT"])),
            ["cli/fonts/a.otf: no OFL or LICENSE file beside it"]
        );
    }
}
