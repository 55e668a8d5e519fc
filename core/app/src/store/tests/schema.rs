//! The ladder's end: the schema of every file, however old, and its description for people.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::super::connection::Role;
use super::super::migrations::{MIGRATIONS, TABLES_MADE_AGAIN, has_expected_schema, migrate, model, version};
use super::super::recovery::LOST_PARENTS;
use super::super::{Store, StoreConfig, StoreError};
use super::{connection_to, contents, make_file, new_store, open, strings, table_names};

/// Everything that makes up a schema, by object: its statement and what SQLite understood of it.
type Schema = BTreeMap<String, Vec<String>>;

fn schema_of(connection: &Connection) -> Schema {
    let mut schema = Schema::new();
    let objects = strings(
        connection,
        "SELECT type || ' ' || name || char(10) || tbl_name || char(10) || ifnull(sql, '') FROM sqlite_schema",
    );
    for object in objects {
        let mut parts = object.splitn(3, '\n');
        let (title, table, sql) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        let mut lines = vec![format!("of {table}"), normalised(sql)];
        let name = title.split(' ').nth(1).unwrap();
        let pragmas: &[&str] = if title.starts_with("table") {
            &["table_xinfo", "index_list", "foreign_key_list"]
        } else {
            &["index_xinfo"]
        };
        for pragma in pragmas {
            let mut statement = connection.prepare(&format!("PRAGMA {pragma}('{name}')")).unwrap();
            let width = statement.column_count();
            let rows = statement
                .query_map([], |row| {
                    let values: Result<Vec<rusqlite::types::Value>, _> =
                        (0..width).map(|place| row.get(place)).collect();
                    Ok(format!("{pragma} {:?}", values?))
                })
                .unwrap();
            lines.extend(rows.map(Result::unwrap));
        }
        schema.insert(title.to_owned(), lines);
    }
    schema
}

/// A statement without what carries no meaning: comments, white space, and the quotes that a rename leaves behind.
fn normalised(sql: &str) -> String {
    let code: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap()).collect();
    let spaced = code
        .join(" ")
        .replace('"', "")
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(',', " , ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fails with the differing lines alone: the whole of two schemas is too much to read.
fn assert_same(found: &Schema, expected: &Schema, whose: &str) {
    let mut differences = Vec::new();
    for title in found.keys().chain(expected.keys()) {
        let (left, right) = (found.get(title), expected.get(title));
        let lines = |schema: Option<&Vec<String>>| schema.cloned().unwrap_or_default();
        for line in lines(left).iter().filter(|line| !lines(right).contains(line)) {
            differences.push(format!("{title}: only in {whose}: {line}"));
        }
        for line in lines(right).iter().filter(|line| !lines(left).contains(line)) {
            differences.push(format!("{title}: missing from {whose}: {line}"));
        }
    }
    differences.dedup();
    assert_eq!(differences, [""; 0], "{}", differences.join("\n"));
    assert_eq!(found, expected);
}

fn new_schema() -> Schema {
    let (_folder, store) = new_store();
    store
        .read::<_, StoreError>(|reader| Ok(schema_of(reader.connection())))
        .unwrap()
}

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

#[test]
fn a_file_that_climbed_step_by_step_has_the_schema_of_a_new_one() {
    let folder = TempDir::new().unwrap();
    make_file(folder.path(), &[], 0);
    for height in 1..=MIGRATIONS.len() {
        let mut writer = connection_to(folder.path(), Role::UserWriter);
        migrate(&mut writer, &MIGRATIONS[..height]).unwrap();
    }
    let writer = connection_to(folder.path(), Role::UserWriter);
    assert_same(&schema_of(&writer), &new_schema(), "the file that climbed");
}

#[test]
fn a_file_of_every_age_has_the_schema_of_a_new_one_and_keeps_its_rows() {
    for height in 1..=MIGRATIONS.len() {
        let folder = TempDir::new().unwrap();
        make_file(folder.path(), &MIGRATIONS[..height], 20);
        let before = contents(&connection_to(folder.path(), Role::UserReader));
        let store = open(folder.path());
        let (schema, after) = store
            .read::<_, StoreError>(|reader| {
                Ok((schema_of(reader.connection()), contents(reader.connection())))
            })
            .unwrap();
        assert_same(&schema, &new_schema(), "the old file");
        for (table, (columns, rows)) in before {
            let (columns_now, rows_now) = &after[&table];
            assert_eq!(
                &columns_now[..columns.len()],
                columns,
                "columns of {table} since step {height}"
            );
            let old_part: Vec<_> = rows_now.iter().map(|row| row[..columns.len()].to_vec()).collect();
            assert_eq!(old_part, rows, "rows of {table} since step {height}");
        }
    }
}

#[test]
fn every_released_file_has_the_schema_of_a_new_one() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/databases");
    let Ok(entries) = std::fs::read_dir(&fixtures) else {
        return; // before the first release
    };
    let expected = new_schema();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "db") {
            continue;
        }
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("user")).unwrap();
        std::fs::copy(&path, folder.path().join("user/user.db")).unwrap();
        // Fixtures are plain, for either engine.
        let (store, recovery) = Store::open(StoreConfig {
            folder: folder.path().to_owned(),
            key: None,
        })
        .unwrap();
        assert_eq!(recovery, None, "{}", path.display());
        let schema = store
            .read::<_, StoreError>(|reader| Ok(schema_of(reader.connection())))
            .unwrap();
        assert_same(&schema, &expected, &path.display().to_string());
    }
}

#[test]
fn the_schema_is_described_column_by_column() {
    let text = include_str!("../../../../../docs/schema.sql");
    let described = Connection::open_in_memory().unwrap();
    described.execute_batch(text).expect("docs/schema.sql is SQL");
    assert_same(&schema_of(&described), &new_schema(), "docs/schema.sql");
    let mut silent = Vec::new();
    for table in table_names(&described) {
        let sql: String = described
            .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [&table], |row| {
                row.get(0)
            })
            .unwrap();
        for column in strings(
            &described,
            &format!("SELECT name FROM pragma_table_xinfo('{table}')"),
        ) {
            let is_commented = sql.lines().any(|line| {
                line.trim_start().starts_with(&format!("{column} "))
                    && line
                        .split_once("--")
                        .is_some_and(|(_, comment)| !comment.trim().is_empty())
            });
            if !is_commented {
                silent.push(format!("{table}.{column}"));
            }
        }
    }
    assert_eq!(silent, [""; 0], "columns without a comment in docs/schema.sql");
}

#[test]
fn every_table_is_strict() {
    let loose = strings(
        &model(MIGRATIONS).unwrap(),
        "SELECT name FROM pragma_table_list \
         WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
    );
    assert_eq!(loose, [""; 0]);
}

#[test]
fn derived_tables_exist_and_nothing_refers_to_them() {
    let model = model(MIGRATIONS).unwrap();
    let tables = table_names(&model);
    for derived in TABLES_MADE_AGAIN {
        assert!(tables.contains(&(*derived).to_owned()), "{derived}");
    }
    for table in &tables {
        for parent in strings(
            &model,
            &format!("SELECT \"table\" FROM pragma_foreign_key_list('{table}')"),
        ) {
            assert!(
                !TABLES_MADE_AGAIN.contains(&parent.as_str()),
                "{table} refers to {parent}"
            );
        }
    }
}

#[test]
fn every_parent_can_be_replaced_when_a_salvage_loses_it() {
    let model = model(MIGRATIONS).unwrap();
    for table in table_names(&model) {
        for parent in strings(
            &model,
            &format!("SELECT \"table\" FROM pragma_foreign_key_list('{table}')"),
        ) {
            let known = LOST_PARENTS.iter().find(|(name, _)| *name == parent);
            let (_, insert) = known.unwrap_or_else(|| panic!("{table} refers to {parent}, see LOST_PARENTS"));
            model.execute(insert, [77]).unwrap();
            model.execute(&format!("DELETE FROM {parent}"), []).unwrap();
        }
    }
}

#[test]
fn a_schema_that_lost_a_name_is_noticed() {
    let newest = i64::try_from(MIGRATIONS.len()).unwrap();
    let model = model(MIGRATIONS).unwrap();
    assert!(has_expected_schema(&model, MIGRATIONS, newest).unwrap());
    assert!(!has_expected_schema(&model, MIGRATIONS, newest - 1).unwrap());
    model
        .execute_batch("ALTER TABLE setting RENAME COLUMN value TO valve")
        .unwrap();
    assert!(!has_expected_schema(&model, MIGRATIONS, newest).unwrap());
}
