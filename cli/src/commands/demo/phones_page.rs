//! The part of the page about the two phones: what happened, what became of the messages, both conversations, both charts.

use std::fmt::Write as _;

use super::conversation::{Bubble, Conversation, Thumbnail};
use super::page::{escape, write_figure};
use super::story::{Moment, Story};
use crate::demo_words::Told;
use crate::labels::Labels;

/// The section as HTML. Writing to a String cannot fail, so the results are dropped.
pub(super) fn section(labels: Labels, story: &Story) -> String {
    let word = |word: Told| escape(labels.word(word));
    let mut html = String::new();
    let _ = write!(
        html,
        "<section id=\"phones\">\n<h2>{}</h2>\n<p class=\"faint\">{} {}</p>\n",
        word(Told::Heading),
        word(Told::PageNote),
        word(Told::Drawn),
    );
    write_verdict(&mut html, labels, story);
    let _ = write!(
        html,
        "<div class=\"card\">\n<h3>{}</h3>\n<ol class=\"acts\">\n",
        word(Told::ActsHeading)
    );
    for act in &story.acts {
        let _ = writeln!(html, "<li><b>{}</b> {}</li>", escape(act.who), escape(&act.text));
    }
    html.push_str("</ol>\n</div>\n");
    write_moment(&mut html, labels, "tunnel", Told::TunnelHeading, &story.in_tunnel);
    write_moment(&mut html, labels, "end", Told::EndHeading, &story.at_end);
    let equal = if story.charts.are_equal {
        Told::ChartsEqual
    } else {
        Told::ChartsDiffer
    };
    let _ = write!(
        html,
        "<h3>{}</h3>\n<p class=\"faint\">{} {}</p>\n<div class=\"charts pairs\">\n",
        word(Told::ChartsHeading),
        word(Told::ChartsNote),
        word(equal),
    );
    for [hers, theirs] in &story.charts.pairs {
        write_figure(&mut html, hers, Some(labels.word(Told::ParticipantPhone)));
        write_figure(&mut html, theirs, Some(labels.word(Told::DietitianPhone)));
    }
    html.push_str("</div>\n</section>\n");
    html
}

fn write_verdict(html: &mut String, labels: Labels, story: &Story) {
    let verdict = &story.verdict;
    let word = |word: Told| escape(labels.word(word));
    let equal = if verdict.are_equal {
        Told::Equal
    } else {
        Told::NotEqual
    };
    let _ = write!(
        html,
        "<div class=\"card verdict\">\n<h3>{}</h3>\n<dl class=\"counts\">\n",
        word(Told::VerdictHeading)
    );
    for (name, count) in [
        (Told::VerdictWritten, verdict.written),
        (Told::VerdictServer, verdict.on_server),
        (Told::VerdictLost, verdict.lost),
        (Told::VerdictDoubled, verdict.doubled),
        (Told::VerdictTurned, verdict.out_of_order),
    ] {
        let _ = writeln!(html, "<div><dt>{}</dt><dd>{count}</dd></div>", word(name));
    }
    let _ = write!(
        html,
        "</dl>\n<p>{}</p>\n<p class=\"faint\">{}</p>\n</div>\n",
        word(equal),
        word(Told::VerdictBasis)
    );
}

fn write_moment(html: &mut String, labels: Labels, id: &str, heading: Told, moment: &Moment) {
    let _ = write!(
        html,
        "<h3>{}</h3>\n<div class=\"phones\" id=\"{id}\">\n",
        escape(labels.word(heading))
    );
    for (owner, conversation) in [
        (Told::ParticipantPhone, &moment.participant),
        (Told::DietitianPhone, &moment.dietitian),
    ] {
        write_phone(html, labels, owner, conversation);
    }
    html.push_str("</div>\n");
}

fn write_phone(html: &mut String, labels: Labels, owner: Told, conversation: &Conversation) {
    let owner = escape(labels.word(owner));
    let _ = write!(
        html,
        "<div class=\"card phone\">\n<h4>{owner}</h4>\n<ol class=\"talk\" aria-label=\"{owner}\">\n"
    );
    for bubble in &conversation.bubbles {
        write_bubble(html, labels, bubble);
    }
    html.push_str("</ol>\n</div>\n");
}

fn write_bubble(html: &mut String, labels: Labels, bubble: &Bubble) {
    let class = match (bubble.is_own, bubble.seq) {
        (true, Some(_)) => "own",
        (true, None) => "own unsent",
        (false, _) => "other",
    };
    let _ = write!(
        html,
        "<li class=\"{class}\"><span class=\"head\">{} {}</span>",
        escape(&bubble.author),
        escape(&bubble.time)
    );
    if let Some(Thumbnail {
        bytes,
        width_px,
        height_px,
    }) = &bubble.picture
    {
        let _ = write!(
            html,
            "<img alt=\"{}\" width=\"{width_px}\" height=\"{height_px}\" src=\"data:image/jpeg;base64,{}\">",
            escape(labels.word(Told::LunchPicture)),
            base64(bytes)
        );
    }
    let _ = write!(html, "<span class=\"text\">{}</span>", escape(&bubble.text));
    if let Some(state) = bubble.state {
        let _ = write!(html, "<span class=\"state\">{}</span>", escape(state));
    }
    html.push_str("</li>\n");
}

/// Bytes in the alphabet of RFC 4648, section 4, with padding: a page that needs nothing but itself carries its pictures so.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let index = usize::try_from((bits >> shift) & 63).unwrap_or(0);
            // A group of n bytes has n + 1 characters.
            let letter = ALPHABET.get(index).filter(|_| place <= group.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_in_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
