//! Whether an answer of today still has everything that a recorded one had.

use serde_json::Value;

/// What a recorded answer has and today's has not, each with its JSON pointer. Empty if today's fits.
#[must_use]
pub fn differences(recorded: &Value, today: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(recorded, today, "", &mut found);
    found
}

fn compare(recorded: &Value, today: &Value, pointer: &str, found: &mut Vec<String>) {
    match (recorded, today) {
        // Where nothing was told before, something may be told now.
        (Value::Null, _) | (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) => {}
        (Value::Object(recorded), Value::Object(today)) => {
            for (name, value) in recorded {
                let pointer = format!("{pointer}/{name}");
                match today.get(name) {
                    Some(today) => compare(value, today, &pointer, found),
                    None => found.push(format!("{pointer} is gone")),
                }
            }
        }
        (Value::Array(recorded), Value::Array(today)) => {
            let mut left: Vec<&Value> = today.iter().collect();
            for (index, value) in recorded.iter().enumerate() {
                // Each element of today serves once.
                let fits = |today: &&Value| differences(value, today).is_empty();
                match left.iter().position(fits) {
                    Some(place) => drop(left.remove(place)),
                    None => found.push(format!("nothing fits {pointer}/{index}: {value}")),
                }
            }
        }
        (Value::String(recorded), Value::String(today)) => {
            if is_word(recorded) && recorded != today {
                found.push(format!("{pointer} was {recorded} and is {today}"));
            }
        }
        _ => found.push(format!("{pointer} has another type: {today}")),
    }
}

/// A word that a program compares: a kind, a status, a code.
fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '.' | '_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn more_than_before_fits_and_less_does_not() {
        let recorded = json!({ "id": "A-1", "list": [{ "kind": "a.b", "n": 1 }], "later": null });
        for today in [
            recorded.clone(),
            json!({ "id": "B-2", "list": [{ "kind": "new" }, { "kind": "a.b", "n": 7, "m": 1 }], "later": 3, "more": [] }),
        ] {
            assert_eq!(differences(&recorded, &today), [""; 0], "{today}");
        }
        for (today, place) in [
            (json!({ "list": recorded["list"], "later": null }), "/id is gone"),
            (
                json!({ "id": 1, "list": recorded["list"], "later": null }),
                "/id has another type",
            ),
            (
                json!({ "id": "A", "list": [], "later": null }),
                "nothing fits /list/0",
            ),
            (
                json!({ "id": "A", "list": [{ "kind": "c", "n": 1 }], "later": null }),
                "nothing fits /list/0",
            ),
        ] {
            let found = differences(&recorded, &today);
            assert!(found[0].starts_with(place), "{found:?}");
        }
    }

    #[test]
    fn two_alike_elements_need_two() {
        let recorded = json!([{ "kind": "a" }, { "kind": "a" }]);
        assert_eq!(differences(&recorded, &json!([{ "kind": "a" }])).len(), 1);
    }

    #[test]
    fn a_word_stays_and_a_text_may_change() {
        assert_eq!(differences(&json!("stored"), &json!("refused")).len(), 1);
        assert_eq!(differences(&json!("Simulated."), &json!("Another.")), [""; 0]);
    }
}
