//! One page that needs nothing but itself: no script, no font, no other file.

use std::fmt::Write as _;

use crate::commands::home::HomeRow;
use crate::demo_words::Told;
use crate::labels::Labels;
use crate::words::Word;

const CSS: &str = include_str!("page.css");

/// A chart in the pictures that the page chooses from by colour scheme and width.
pub(super) struct ChartPictures {
    /// Takes the whole row.
    pub is_wide: bool,
    /// For a page of ordinary width.
    pub broad: Themed,
    /// For a phone.
    pub narrow: Themed,
}

/// A picture on both grounds, as SVG.
pub(super) struct Themed {
    pub light: String,
    pub dark: String,
}

/// A table of text; the first column names its row.
pub(super) struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// One person: what the home screen says, a table, and all charts.
pub(super) struct Section {
    pub title: String,
    pub note: String,
    /// When the home screen was answered.
    pub home_title: String,
    pub home: Vec<HomeRow>,
    pub table_title: String,
    pub table: Table,
    pub charts: Vec<ChartPictures>,
}

/// Where data come from, with the licence text if it has to go along.
pub(super) struct Origin {
    pub text: &'static str,
    pub licence: Option<String>,
}

/// The page as HTML. `phones`: the section about the two phones, as HTML.
pub(super) fn page(
    labels: Labels,
    sections: &[Section],
    phones: &str,
    goals: &str,
    origins: &[Origin],
) -> String {
    let word = |word: Word| escape(labels.word(word));
    let mut main = String::new();
    for section in sections {
        write_section(&mut main, section);
    }
    main.push_str(phones);
    let mut sources = String::new();
    for origin in origins {
        let _ = writeln!(sources, "<p>{}</p>", escape(origin.text));
        if let Some(licence) = &origin.licence {
            let _ = writeln!(
                sources,
                "<details><summary>{}</summary><pre lang=\"en\">{}</pre></details>",
                word(Word::DemoLicence),
                escape(licence.trim())
            );
        }
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{heading}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n\
         <header>\n<h1>{heading}</h1>\n<p>{two_persons}</p>\n<p class=\"faint\">{made}</p>\n</header>\n<main>\n{main}</main>\n\
         <footer>\n<p>{goals}</p>\n<h2>{origins}</h2>\n{sources}<p>{not_medical}</p>\n</footer>\n</body>\n</html>\n",
        language = word(Word::LanguageTag),
        heading = word(Word::DemoHeading),
        two_persons = word(Word::DemoTwoPersons),
        made = escape(labels.word(Told::Made)),
        goals = escape(goals),
        origins = word(Word::DemoOrigins),
        not_medical = word(Word::DemoNotMedical),
    )
}

// Writing to a String cannot fail, so the results are dropped.
fn write_section(html: &mut String, section: &Section) {
    let _ = write!(
        html,
        "<section>\n<h2>{}</h2>\n<p class=\"faint\">{}</p>\n<div class=\"cards\">\n<div class=\"card\">\n<h3>{}</h3>\n<dl>\n",
        escape(&section.title),
        escape(&section.note),
        escape(&section.home_title)
    );
    for row in &section.home {
        let _ = writeln!(
            html,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(row.name),
            escape(&row.text)
        );
    }
    let _ = write!(
        html,
        "</dl>\n</div>\n<div class=\"card\">\n<h3>{title}</h3>\n<table aria-label=\"{title}\">\n<thead><tr>",
        title = escape(&section.table_title)
    );
    for cell in &section.table.head {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(cell));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &section.table.rows {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let _ = if column == 0 {
                write!(html, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(html, "<td>{cell}</td>")
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n</div>\n</div>\n<div class=\"charts\">\n");
    for chart in &section.charts {
        write_figure(html, chart, None);
    }
    html.push_str("</div>\n</section>\n");
}

/// A chart in its four pictures.
pub(super) fn write_figure(html: &mut String, chart: &ChartPictures, caption: Option<&str>) {
    let class = if chart.is_wide { " class=\"wide\"" } else { "" };
    let _ = writeln!(html, "<figure{class}>");
    if let Some(caption) = caption {
        let _ = writeln!(html, "<figcaption>{}</figcaption>", escape(caption));
    }
    for (theme, broad, narrow) in [
        ("light", &chart.broad.light, &chart.narrow.light),
        ("dark", &chart.broad.dark, &chart.narrow.dark),
    ] {
        let _ = writeln!(
            html,
            "<div class=\"{theme}\"><div class=\"broad\">{}</div><div class=\"narrow\">{}</div></div>",
            broad.trim(),
            narrow.trim()
        );
    }
    html.push_str("</figure>\n");
}

/// Text as HTML text.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
