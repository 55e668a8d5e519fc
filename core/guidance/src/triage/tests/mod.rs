use super::*;

mod found;
mod laws;
mod ordinary;
mod page;

fn ids(text: &str) -> Vec<&'static str> {
    triage(text).iter().map(|found| found.rule.id()).collect()
}
