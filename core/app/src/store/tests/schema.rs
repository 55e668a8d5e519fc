//! The ladder and the schema it leads to.

use super::super::StoreError;
use super::super::migrations::{MIGRATIONS, version};
use super::new_store;

#[test]
fn a_new_file_stands_on_the_top_of_the_ladder() {
    let (_folder, store) = new_store();
    let found = store
        .read::<_, StoreError>(|reader| version(reader.connection(), MIGRATIONS))
        .unwrap();
    assert_eq!(found, i64::try_from(MIGRATIONS.len()).unwrap());
}

#[test]
fn every_step_says_why() {
    for step in MIGRATIONS {
        assert!(step.why.len() > 20, "{}", step.why);
    }
}
