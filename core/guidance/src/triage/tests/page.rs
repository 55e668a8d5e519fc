//! The list as a page for those who review it.

use std::fmt::Write as _;

use super::super::{Level, Rule, review, rules};

const PAGE: &str = include_str!("../../../../../docs/triage.md");

const HEAD: &str = "# Red flags

What a message or a question must contain to be found, and what its writer is told at once. This page is the list of
`core/guidance/src/triage/rules.txt` for those who review it, hence in Japanese; a test holds the two equal, and
`cargo test -p ayumi-guidance write_the_page -- --ignored` writes it anew.

The list runs on the phone before a text is sent and again on the server. It never blocks sending. False alarms are preferred to misses:
what must be found and what must not be found stands in `core/guidance/src/triage/tests/`. It reads Japanese, and no other language.
The reviewer named below is a placeholder: nobody of a health profession has signed this list yet.

## 読み方

- **すぐに**（emergency）：返事を待たずに119番など。担当者には時間を問わず知らせる。**急ぎ**（urgent）：受付時間内の4時間以内に専門家が答える。**伝える**（watch）：次に進む前に担当者が知る。
- **探す言葉**：`|` は「または」。言葉と言葉のあいだには6文字まで何があってもよい。`~4` は4文字まで、`<4>` は4文字までで順番は逆でもよい。文の終わり（。！？）は3文字と数える。
- `@胸` などは、下の「言葉の組」の言葉のどれか。
- カタカナとひらがな、全角と半角、大文字と小文字、「ー」、空白、改行、句読点の違いは、はじめから無視している。
- **数えない言い方**：別の意味の日常の言い方。その中で始まる言葉は数えない。
- 「痛くない」のような否定も見つける。見逃しより空振りを選ぶ。
- 見つけるのは言葉であって、病気ではない。見つからないことは、安全の証明ではない。
";

fn level(level: Level) -> &'static str {
    match level {
        Level::Emergency => "すぐに（emergency）",
        Level::Urgent => "急ぎ（urgent）",
        Level::Watch => "伝える（watch）",
    }
}

fn page() -> String {
    let review = review();
    let mut page = String::from(HEAD);
    let mut line = |text: String| {
        page.push_str(&text);
        page.push('\n');
    };
    line(format!(
        "\n一覧の版：{}　監修：{}　監修日：{}\n",
        review.version, review.reviewer, review.reviewed_on
    ));
    line("| 規則 | 内容 | 急ぎ方 |\n| --- | --- | --- |".to_owned());
    for rule in rules() {
        line(format!(
            "| [`{0}`](#{0}) | {1} | {2} |",
            rule.id,
            rule.subject,
            level(rule.level)
        ));
    }
    line("\n## 言葉の組\n".to_owned());
    for words in include_str!("../rules.txt")
        .lines()
        .filter_map(|line| line.strip_prefix("words "))
    {
        let (name, words) = words.split_once(" = ").unwrap();
        line(format!("- `@{name}`：{}", words.replace('|', "、")));
    }
    for rule in rules() {
        line(section(rule));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn section(rule: &Rule) -> String {
    let mut section = format!(
        "\n## {}\n\n{}。{}。\n\n本人に表示する文（`{}`）\n\n",
        rule.id,
        rule.subject,
        level(rule.level),
        rule.advice_key()
    );
    for (number, advice) in (1..).zip(&rule.advice) {
        writeln!(section, "{number}. {advice}").unwrap();
    }
    section.push_str("\n探す言葉\n\n");
    for pattern in &rule.patterns_as_written {
        writeln!(section, "- `{pattern}`").unwrap();
    }
    if !rule.exceptions_as_written.is_empty() {
        section.push_str("\n数えない言い方\n\n");
        for exceptions in &rule.exceptions_as_written {
            writeln!(section, "- `{exceptions}`").unwrap();
        }
    }
    section.truncate(section.trim_end().len());
    section
}

#[test]
fn the_page_shows_the_list() {
    assert!(
        page() == PAGE,
        "docs/triage.md differs from the list: cargo test -p ayumi-guidance write_the_page -- --ignored"
    );
}

#[test]
#[ignore = "writes docs/triage.md"]
fn write_the_page() {
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/triage.md"),
        page(),
    )
    .unwrap();
}
