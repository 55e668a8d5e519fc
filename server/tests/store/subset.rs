//! Statements and schema stay in what SQLite, `PostgreSQL` and the engines compatible with it share. Source: sync.md 16.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ayumi_server::host::Host;
use ayumi_server::store::backup::{Kind, LEFT_OUT, TABLES};
use ayumi_server::store::{Running, SqliteStore};
use rusqlite::Connection;

/// What no statement and no schema may contain, and why.
const FORBIDDEN: [(&str, &str); 31] = [
    ("NOW(", "times are bound parameters"),
    ("CURRENT_TIMESTAMP", "times are bound parameters"),
    ("DATETIME(", "times are bound parameters"),
    ("STRFTIME(", "times are bound parameters"),
    ("RANDOM(", "random values are bound parameters"),
    ("GEN_RANDOM_UUID", "ids are made in Rust"),
    (
        "SERIAL",
        "differs in every engine, and is not ordered on distributed ones",
    ),
    ("NEXTVAL", "sequences are not ordered on distributed engines"),
    ("AUTOINCREMENT", "SQLite alone"),
    ("ROWID", "SQLite alone"),
    ("DEFAULT", "a value that no code gave"),
    ("TRIGGER", "not across shards"),
    ("CREATE FUNCTION", "not on SQLite"),
    ("REFERENCES", "limited across shards"),
    ("DEFERRABLE", "not on YugabyteDB"),
    ("EXCLUDE USING", "not on YugabyteDB"),
    ("ADVISORY", "a stub on CockroachDB, per node on Citus"),
    ("LISTEN", "not on CockroachDB, not through a pooler"),
    (
        "NOTIFY",
        "not on CockroachDB; a lock of the whole database on PostgreSQL",
    ),
    (
        "FOR UPDATE",
        "not on SQLite, not across shards of Citus: an UPDATE locks",
    ),
    ("SKIP LOCKED", "not on SQLite"),
    ("INSERT OR", "SQLite alone"),
    ("REPLACE INTO", "SQLite alone"),
    ("PRAGMA", "SQLite alone"),
    (" LIKE ", "differs in case sensitivity"),
    ("ILIKE", "PostgreSQL alone"),
    ("::", "PostgreSQL alone"),
    ("JSONB", "PostgreSQL alone"),
    ("BOOLEAN", "a truth value is 0 or 1"),
    ("IFNULL", "SQLite alone: COALESCE"),
    (
        "DROP ",
        "a schema is expanded first and contracted in a later release, by a person who reads this",
    ),
];

/// Statements that only `PostgreSQL` runs: the embedded file has one process that migrates it.
fn is_for_postgres_alone(name: &str) -> bool {
    name.ends_with("MIGRATION_LEASE")
}

/// All constants of all `sql.rs`, by the file and their name.
fn statements() -> BTreeMap<String, String> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("sql.rs") {
                files.push(path);
            }
        }
    }
    let mut found = BTreeMap::new();
    for path in files {
        let module = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let source = fs::read_to_string(&path).unwrap();
        let mut constants = 0;
        for part in source.split("const ").skip(1) {
            let (name, rest) = part.split_once(": &str =").expect("a constant of text");
            let (_, rest) = rest.split_once('"').expect("its text");
            let (sql, _) = rest.split_once("\";").expect("its end");
            assert!(!sql.contains('\\') && !sql.contains('"'), "{name}: plain text");
            found.insert(format!("{module}::{name}"), sql.to_owned());
            constants += 1;
        }
        assert_eq!(constants, source.matches("pub(crate) const ").count(), "{module}");
    }
    for table in TABLES {
        for sql in [table.first, table.next, table.insert] {
            found.insert(format!("backup of {}: {sql}", table.name), sql.to_owned());
        }
    }
    assert!(found.len() > 60, "the statements of the server were found");
    found
}

fn migrations(engine: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/store/migrations")
        .join(engine);
    let mut steps: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, without_comments(&fs::read_to_string(&path).unwrap()))
        })
        .collect();
    steps.sort();
    steps
}

fn without_comments(sql: &str) -> String {
    let lines = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    lines
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

fn migrated_sqlite() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Running::Inline, &Host::system()).unwrap();
    let connection = Connection::open(store.path()).unwrap();
    (folder, connection)
}

#[tokio::test]
async fn every_statement_stays_in_the_subset_of_all_engines() {
    let mut faults = Vec::new();
    let mut judge = |name: &str, sql: &str| {
        let upper = sql.to_uppercase();
        for (word, why) in FORBIDDEN {
            if upper.contains(word) {
                faults.push(format!("{name} contains {word}: {why}"));
            }
        }
    };
    let statements = statements();
    for (name, sql) in &statements {
        judge(name, sql);
    }
    for engine in ["sqlite", "postgres"] {
        for (name, sql) in migrations(engine) {
            judge(&format!("{engine}/{name}"), &sql);
        }
    }

    let (_folder, sqlite) = migrated_sqlite();
    let database = ayumi_server::testing::postgres::database().await;
    let config: tokio_postgres::Config = database.address().parse().unwrap();
    let (postgres, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for (name, sql) in &statements {
        if let Err(error) = postgres.prepare(sql).await {
            faults.push(format!("{name} on PostgreSQL: {error:?}"));
        }
        if !is_for_postgres_alone(name)
            && let Err(error) = sqlite.prepare(sql)
        {
            faults.push(format!("{name} on SQLite: {error}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Said twice, the schema must say the same twice: but for the names of the types, and that SQLite has to be told to hold them.
#[test]
fn both_schemas_say_the_same() {
    let postgres: Vec<_> = migrations("postgres")
        .into_iter()
        .map(|(name, sql)| {
            let words = sql.split(' ').map(|word| match word {
                "BIGINT" => "INTEGER",
                "BIGINT," => "INTEGER,",
                "UUID" | "BYTEA" => "BLOB",
                "UUID," | "BYTEA," => "BLOB,",
                other => other,
            });
            (name, words.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let sqlite: Vec<_> = migrations("sqlite")
        .into_iter()
        .map(|(name, sql)| (name, sql.replace(") STRICT;", ");")))
        .collect();
    for (sqlite, postgres) in sqlite.iter().zip(&postgres) {
        assert_eq!(sqlite, postgres);
    }
    assert_eq!(sqlite.len(), postgres.len());
}

/// Keys that begin with something else than the case or the account: table, first column, reason.
const OTHER_KEYS: [(&str, &str, &str); 2] = [
    (
        "token",
        "token_hash",
        "the one look-up that has nothing but what the phone presents",
    ),
    (
        "account",
        "login",
        "one of all accounts has it, so on Citus accounts have to be a reference table",
    ),
];

#[test]
fn keys_begin_with_the_case_or_the_account_so_that_a_transaction_stays_on_one_shard() {
    let (_folder, sqlite) = migrated_sqlite();
    let column = |sql: &str, name: &str| -> Vec<String> {
        let mut statement = sqlite.prepare(sql).unwrap();
        let rows = statement.query_map([name], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = column(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> ?1",
        "refinery_schema_history",
    );
    assert!(tables.len() > 20);
    for table in tables {
        let columns = column("SELECT name FROM pragma_table_info(?1)", &table);
        let shard = ["case_id", "account_id"]
            .into_iter()
            .find(|shard| columns.iter().any(|column| column == shard));
        let Some(shard) = shard else { continue };
        let keys = column(
            "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" = 1",
            &table,
        );
        assert!(!keys.is_empty(), "{table} has a key");
        for key in keys {
            let columns = column("SELECT name FROM pragma_index_info(?1) ORDER BY seqno", &key);
            let is_other = OTHER_KEYS
                .iter()
                .any(|(other, first, _)| *other == table && *first == columns[0]);
            assert!(
                is_other || columns[0] == shard,
                "a key of {table} begins with {}",
                columns[0]
            );
        }
    }
}

#[test]
fn a_backup_knows_every_table_and_every_column() {
    let (_folder, sqlite) = migrated_sqlite();
    let mut names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    names.extend(LEFT_OUT.iter().map(|(name, _)| name));
    names.push("refinery_schema_history");
    names.sort_unstable();
    let mut statement = sqlite
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let tables = statement.query_map([], |row| row.get(0)).unwrap();
    let tables: Vec<String> = tables.map(Result::unwrap).collect();
    assert_eq!(names, tables);

    for table in TABLES {
        let mut statement = sqlite
            .prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")
            .unwrap();
        let columns = statement
            .query_map([table.name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? > 0))
            })
            .unwrap();
        let columns: Vec<(String, String, bool)> = columns.map(Result::unwrap).collect();
        let known: Vec<(String, String, bool)> = (0..)
            .zip(table.columns.iter().zip(table.kinds))
            .map(|(index, (column, kind))| {
                let kind = match kind {
                    Kind::Integer => "INTEGER",
                    Kind::Text => "TEXT",
                    Kind::Bytes | Kind::Uuid => "BLOB",
                };
                ((*column).to_owned(), kind.to_owned(), index < table.keys)
            })
            .collect();
        assert_eq!(columns, known, "{}", table.name);
    }
}
